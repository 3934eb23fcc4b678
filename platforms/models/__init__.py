"""Tables of the tenants: platforms, sites, people, memberships, tokens and the audit record."""

from .audit import AuditEntry
from .membership import Invitation, Membership
from .platform import Platform, Site
from .token import ApiToken, Machine, TokenKind
from .user import User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Invitation",
    "Machine",
    "Membership",
    "Platform",
    "Site",
    "TokenKind",
    "User",
]
