"""One shape of every error of the API: ``{"error": {"code", "message", "fields"}}``."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

logger = logging.getLogger(__name__)


class Conflict(exceptions.APIException):
    """The request contradicts what is there: a name or a MAC twice, a limit, another's instance."""

    status_code = 409
    default_code = "conflict"
    default_detail = _("This contradicts what is there already. Read it again, then repeat.")


class TooLarge(exceptions.APIException):
    """The body is longer than the server reads."""

    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too long.")


class Failure(exceptions.APIException):
    """A fault of ours; the log says which, the answer does not."""

    status_code = 500
    default_code = "failure"
    default_detail = _("Remosa failed on this request. Its log says why.")


class Unavailable(exceptions.APIException):
    """The database does not answer now."""

    status_code = 503
    default_code = "unavailable"
    default_detail = _("The database does not answer. Try again later.")


class ErrorBody(serializers.Serializer[Any]):
    """The inside of every error answer."""

    code = serializers.CharField(help_text="A word for programs: not_found, invalid, conflict ...")
    message = serializers.CharField(help_text="A sentence for people: what is wrong, what to do.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        allow_null=True,
        help_text="Messages by field name, where fields are wrong; else null.",
    )


class ErrorAnswer(serializers.Serializer[Any]):
    """The shape of every error answer."""

    error = ErrorBody()


def one_error_shape(error: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of a view; what nobody expected is logged and answered with 500."""
    told = _as_api_exception(error)
    if told.status_code >= 500:
        request = context["request"]
        logger.error(
            "%s %s failed; answered %s",
            request.method,
            request.path,
            told.status_code,
            exc_info=error,
        )
    # Whatever the view renders otherwise (the schema is YAML), its errors are JSON.
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = JSONRenderer.media_type
    response = exception_handler(told, context) or Response(status=told.status_code)
    fields: dict[str, list[str]] | None = None
    if isinstance(told, exceptions.ValidationError):
        fields = _flat(told.detail)
        message, code = str(_("Some values are not right; see fields.")), "invalid"
    else:
        message = str(told.detail)
        code = str(getattr(told.detail, "code", told.default_code))
    response.data = {"error": {"code": code, "message": message, "fields": fields}}
    return response


def _as_api_exception(error: Exception) -> exceptions.APIException:
    match error:
        case exceptions.APIException():
            return error
        case Http404() | ObjectDoesNotExist():
            # Django's own text would name the table; foreign and random ids read the same.
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return TooLarge()
        case UnreadablePostError():
            return exceptions.ParseError(_("The body ended too early."))
        case IntegrityError():
            return Conflict()
        case OperationalError():
            return Unavailable()
    return Failure()


def _flat(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return the messages by dotted field name."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _flat(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    messages = detail if isinstance(detail, list) else [detail]
    if any(isinstance(each, Mapping) for each in messages):  # of a list of objects, by number
        numbered = {str(at): each for at, each in enumerate(messages) if each}
        return _flat(numbered, prefix)
    return {prefix or "non_field_errors": [str(message) for message in messages]}
