"""Who calls the API and whether they may: bearer tokens, and the deed of the view's method.

Apart from platforms.api because REST framework's views import these classes while they load.
"""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from . import tokens
from .models import ApiToken, Machine, TokenKind, User
from .roles import Deed

if TYPE_CHECKING:
    from rest_framework.views import APIView


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


class DeedPermission(BasePermission):
    """Asks the view's deed for the method, and that the view accepts this kind of token.

    A view says ``see_deed``, ``write_deed`` and ``token_kinds`` (people are always among the
    kinds unless the view leaves ``TokenKind.USER`` out; a session counts as a person).
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Refuse unknown callers, tokens of a wrong kind, and those who may do it nowhere."""
        if not request.user or not request.user.is_authenticated:
            return False
        kind = request.auth.kind if isinstance(request.auth, ApiToken) else TokenKind.USER
        if kind not in getattr(view, "token_kinds", {TokenKind.USER}):
            return False
        if isinstance(request.user, Machine):
            return True
        return request.user.may(deed_of(request, view))

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        """Refuse a write on a platform where the caller may only look."""
        if isinstance(request.user, Machine):
            return request.method in SAFE_METHODS
        platform_id = getattr(obj, "platform_id", None)
        return request.user.may(deed_of(request, view), platform_id)


def deed_of(request: Request, view: "APIView") -> Deed:
    """Return the deed that this method of this view needs."""
    if request.method in SAFE_METHODS:
        return getattr(view, "see_deed", Deed.SEE)
    return getattr(view, "write_deed", Deed.FLEET)
