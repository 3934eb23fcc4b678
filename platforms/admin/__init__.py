"""Admin pages of platforms, people, tokens and the audit record."""

from django.contrib import admin
from django.contrib.auth.models import Group

from . import audit, invitation, membership, platform, site, token, user

__all__ = ["audit", "invitation", "membership", "platform", "site", "token", "user"]

# Roles are the only permissions here; Django's groups would grant nothing and promise much.
admin.site.unregister(Group)
