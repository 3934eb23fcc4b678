"""Tables of the tenants: platforms, people, tokens, notices, channels, ticks, the audit record."""

from .audit import AuditEntry
from .channel import ChannelKind, Delivery, DeliveryState, DeliveryTotal, NotificationChannel
from .membership import Invitation, Membership
from .notice import DeliveryItem, Notice, NoticeMark
from .platform import Platform, Site
from .tick import Tick
from .token import ApiToken, Machine, TokenKind
from .user import User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "ChannelKind",
    "Delivery",
    "DeliveryItem",
    "DeliveryState",
    "DeliveryTotal",
    "Invitation",
    "Machine",
    "Membership",
    "Notice",
    "NoticeMark",
    "NotificationChannel",
    "Platform",
    "Site",
    "Tick",
    "TokenKind",
    "User",
]
