"""What every API view stands on: who asks, what they may, one shape of errors, scoped rows."""

from platforms.authentication import actor_of

from .bodies import JsonBody, JsonLines
from .errors import Conflict, ErrorAnswer, one_error_shape
from .fields import BIGGEST_ID, Moment, PagedQuery, Query, ScopedRelatedField, Strict
from .views import ApiView, AuditedWrites, NotFound, Pages, ScopedViewSet

__all__ = [
    "BIGGEST_ID",
    "ApiView",
    "AuditedWrites",
    "Conflict",
    "ErrorAnswer",
    "JsonBody",
    "JsonLines",
    "Moment",
    "NotFound",
    "PagedQuery",
    "Pages",
    "Query",
    "ScopedRelatedField",
    "ScopedViewSet",
    "Strict",
    "actor_of",
    "one_error_shape",
]
