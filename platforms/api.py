"""What every API view stands on: who asks, what they may, one shape of errors, scoped rows."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from . import audit, tokens
from .audit import Action, Actor
from .models import ApiToken, Machine, TokenKind, User
from .roles import Deed


class BearerTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``: a person's token acts as its owner, or less."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User | Machine, ApiToken] | None:
        """Return the principal and the token; None without the header, 401 for a bad one."""
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != self.keyword.lower().encode():
            return None
        if len(header) != 2:
            raise exceptions.AuthenticationFailed(_("Send one token: Bearer <token>."))
        token = tokens.find(header[1].decode("ascii", "replace"))
        if token is None:
            raise exceptions.AuthenticationFailed(
                _("This token is unknown, expired or revoked. Make a new one in the admin.")
            )
        if token.kind != TokenKind.USER or token.owner is None:
            return Machine(token), token
        token.owner.token = token
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """Make a missing or bad token answer 401, not 403."""
        return self.keyword


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the bearer token to OpenAPI."""

    target_class = BearerTokenAuthentication
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}


class DeedPermission(BasePermission):
    """Asks the view's deed for the method, and that the view accepts this kind of token.

    A view says ``see_deed``, ``write_deed`` and ``token_kinds`` (people are always among the
    kinds unless the view leaves ``TokenKind.USER`` out; a session counts as a person).
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Refuse unknown callers, tokens of a wrong kind, and those who may do it nowhere."""
        if not request.user or not request.user.is_authenticated:
            return False
        kind = request.auth.kind if isinstance(request.auth, ApiToken) else TokenKind.USER
        if kind not in getattr(view, "token_kinds", {TokenKind.USER}):
            return False
        if isinstance(request.user, Machine):
            return True
        return request.user.may(deed_of(request, view))

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Refuse a write on a platform where the caller may only look."""
        if isinstance(request.user, Machine):
            return request.method in SAFE_METHODS
        platform_id = getattr(obj, "platform_id", None)
        return request.user.may(deed_of(request, view), platform_id)


def deed_of(request: Request, view: APIView) -> Deed:
    """Return the deed that this method of this view needs."""
    if request.method in SAFE_METHODS:
        return getattr(view, "see_deed", Deed.SEE)
    return getattr(view, "write_deed", Deed.FLEET)


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
