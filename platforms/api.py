"""What every API view stands on: scoped rows, audited writes, one shape of errors."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from . import audit
from .audit import Action, Actor
from .authentication import BearerTokenAuthentication
from .models import ApiToken, TokenKind
from .roles import Deed


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the bearer token to OpenAPI."""

    target_class = BearerTokenAuthentication
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}


def actor_of(request: Request) -> Actor:
    """Describe the caller for the audit record."""
    actor = Actor.of_request(request._request, via="api")
    return Actor(
        label=str(request.user),
        via="token" if isinstance(request.auth, ApiToken) else "api",
        user_id=request.user.pk,
        address=actor.address,
    )


class ScopedRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """An id of a row that the caller may use; a foreign id reads as one that does not exist."""

    def __init__(self, *, deed: Deed = Deed.FLEET, **kwargs: Any) -> None:
        self.deed = deed
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        """Return the rows on whose platform the caller may do the deed."""
        rows = super().get_queryset()
        request = self.context["request"]
        return rows.for_user(request.user, self.deed) if rows is not None else None


class Pages(PageNumberPagination):
    """Pages of 100, up to 1,000."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class ScopedViewSet(viewsets.GenericViewSet[Any]):
    """Rows of the caller's platforms. A foreign id is 404, with the body of a random one."""

    rows: ClassVar[Any]
    see_deed: ClassVar[Deed] = Deed.SEE
    write_deed: ClassVar[Deed] = Deed.FLEET
    token_kinds: ClassVar[frozenset[TokenKind]] = frozenset({TokenKind.USER})
    pagination_class = Pages

    def get_queryset(self) -> Any:
        """Return what the caller can see; the right to write is asked on the object."""
        if getattr(self, "swagger_fake_view", False):
            return self.rows.none()
        return self.rows.for_user(self.request.user, self.see_deed)


class AuditedWrites(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ScopedViewSet
):
    """Create, change and delete by serializer, each with its audit line in one transaction."""

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the new row and its audit line."""
        with transaction.atomic():
            row = serializer.save()
            self._record(Action.CREATED, row, {}, audit.snapshot(row))

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the change and what it changed."""
        with transaction.atomic():
            old = type(serializer.instance)._base_manager.get(pk=serializer.instance.pk)
            row = serializer.save()
            before, after = audit.difference(audit.snapshot(old), audit.snapshot(row))
            if after:
                self._record(Action.CHANGED, row, before, after)

    def perform_destroy(self, instance: models.Model) -> None:
        """Delete the row and keep what it was."""
        with transaction.atomic():
            self._record(Action.DELETED, instance, audit.snapshot(instance), {})
            instance.delete()

    def _record(self, action: Action, row: Any, before: Any, after: Any) -> None:
        audit.record(
            actor_of(self.request),
            action,
            row,
            platform_id=row.platform_id,
            before=before,
            after=after,
        )


class ErrorBody(serializers.Serializer[Any]):
    """The inside of every error answer."""

    code = serializers.CharField(help_text="A word for programs: not_found, invalid, throttled ...")
    message = serializers.CharField(help_text="A sentence for people: what is wrong, what to do.")
    fields = serializers.DictField(  # type: ignore[assignment]
        allow_null=True, help_text="Messages by field name, where fields are wrong; else null."
    )


class ErrorAnswer(serializers.Serializer[Any]):
    """The shape of every error answer."""

    error = ErrorBody()


def one_error_shape(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return every error of the API as ``{"error": {"code", "message", "fields"}}``."""
    if isinstance(error, Http404):
        # Django's own text would name the table; own, foreign and random ids read the same.
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail
        fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
        message, code = _("Some values are not right; see fields."), "invalid"
    else:
        fields, message = None, str(error.detail)
        code = str(getattr(error.detail, "code", error.default_code))
    response.data = {"error": {"code": code, "message": str(message), "fields": fields}}
    return response
