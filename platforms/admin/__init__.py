"""Admin pages of platforms, people, tokens, notices and the audit record."""

from django.contrib import admin
from django.contrib.auth.models import Group

from . import (
    audit,
    channel,
    delivery,
    invitation,
    membership,
    notice,
    platform,
    site,
    tick,
    token,
    user,
)

__all__ = [
    "audit",
    "channel",
    "delivery",
    "invitation",
    "membership",
    "notice",
    "platform",
    "site",
    "tick",
    "token",
    "user",
]

# Roles are the only permissions here; Django's groups would grant nothing and promise much.
admin.site.unregister(Group)
