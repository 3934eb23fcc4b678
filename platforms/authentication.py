"""Who calls the API and whether they may: bearer tokens, and the deed of the view's method.

Apart from platforms.api because REST framework's views import these classes while they load.
Sessions are REST framework's own, with its CSRF check.
"""

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from . import tokens
from .audit import Actor, client_address
from .models import ApiToken, Machine, TokenKind, User
from .roles import Deed

if TYPE_CHECKING:
    from rest_framework.views import APIView

TOKEN = re.compile(rb"[A-Za-z0-9_-]{1,200}")


class BearerTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``: a person's token acts as its owner, or less."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User | Machine, ApiToken] | None:
        """Return the principal and the token; None without the header, 401 for a bad one."""
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != self.keyword.lower().encode():
            return None
        if len(header) != 2:
            raise AuthenticationFailed(_("Send one token: Bearer <token>."))
        token = tokens.find(header[1].decode()) if TOKEN.fullmatch(header[1]) else None
        if token is None:
            raise AuthenticationFailed(
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
    """Asks the deed of the view for this method; machines need to be named by the view.

    A view says ``see_deed`` and ``write_deed``, ``machines`` (method -> kinds of tokens) and, where
    people have no business, ``people = False``. What a view does not say is refused to machines.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Refuse unknown callers, tokens of a wrong kind, and those who may do it nowhere."""
        caller = caller_of(request)
        if caller is None:
            return False
        if isinstance(caller, Machine):
            method = "GET" if request.method == "HEAD" else request.method
            return caller.token.kind in getattr(view, "machines", {}).get(method, ())
        return getattr(view, "people", True) and caller.may(deed_of(request, view))

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        """Refuse a write on a platform where the caller may only look."""
        caller = caller_of(request)
        if request.method in SAFE_METHODS or not isinstance(caller, User):
            return request.method in SAFE_METHODS
        deed = deed_of(request, view)
        if obj.platform_id is None:  # shared by all platforms: the right on one is not enough
            return caller.reaches_every_platform(deed)
        return caller.may(deed, obj.platform_id)


def caller_of(request: Request) -> User | Machine | None:
    """Return who asks; None for nobody."""
    caller: Any = request.user
    return caller if isinstance(caller, (User, Machine)) else None


def principal_of(request: Request) -> User | Machine:
    """Return who asks, where the permission has already refused nobody."""
    caller = caller_of(request)
    if caller is None:
        raise NotAuthenticated
    return caller


def deed_of(request: Request, view: "APIView") -> Deed:
    """Return the deed that this method of this view needs."""
    if request.method in SAFE_METHODS:
        return getattr(view, "see_deed", Deed.SEE)
    return getattr(view, "write_deed", Deed.FLEET)


def actor_of(request: Request) -> Actor:
    """Describe the caller for the audit record: a session or a token, of a person or not."""
    return Actor(
        label=str(request.user),
        via="token" if isinstance(request.auth, ApiToken) else "api",
        user_id=request.user.pk,
        address=client_address(request._request),
    )
