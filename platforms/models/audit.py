"""The record of who did what; rows are written by platforms.audit.record and never change."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import ScopedQuerySet, TenantModel


class Action(models.TextChoices):
    """What was done to the target."""

    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    DELETED = "deleted", _("deleted")
    ADDED_MANY = "added_many", _("added many")
    REMOVED_MANY = "removed_many", _("removed many")
    INVITED = "invited", _("invited")
    ACCEPTED = "accepted", _("accepted an invitation")
    REVOKED = "revoked", _("revoked")
    EXPORTED = "exported", _("exported")
    LOGGED_IN = "logged_in", _("logged in")
    LOGIN_FAILED = "login_failed", _("failed to log in")
    LOGGED_OUT = "logged_out", _("logged out")
    RESET_ASKED = "reset_asked", _("asked for a password reset")
    PASSWORD_CHANGED = "password_changed", _("changed the password")
    ANNOUNCED = "announced", _("announced itself")
    REFUSED = "refused", _("was refused")
    ASKED_VENDOR = "asked_vendor", _("asked the vendor")
    COMMANDED = "commanded", _("commanded")
    CANCELLED = "cancelled", _("cancelled")
    TESTED = "tested", _("tested")


class AuditEntry(TenantModel):
    """One act. Names are kept beside ids, so that it still reads when the things are gone.

    A trigger of the database refuses UPDATE and DELETE; rows of no platform (NULL) are acts on the
    installation itself, seen by superadmins.
    """

    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    # No constraint: the record outlives what it speaks of, and no cascade may rewrite it.
    platform = models.ForeignKey(  # type: ignore[assignment]  # alone of all may be empty
        "platforms.Platform",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        verbose_name=_("platform"),
    )
    actor_id = models.BigIntegerField(_("account number"), null=True)
    actor = models.CharField(_("who"), max_length=254)
    via = models.CharField(_("by way of"), max_length=16)
    address = models.GenericIPAddressField(_("from where"), null=True)
    action = models.CharField(_("what"), max_length=24, choices=Action.choices)
    target_type = models.CharField(_("kind of object"), max_length=64)
    target_id = models.CharField(_("object number"), max_length=64, blank=True)
    target = models.CharField(_("object"), max_length=255)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    #: Names by column and number of what the line speaks of, where a page asked for them.
    names: Mapping[tuple[str, object], str] = MappingProxyType({})

    objects: ClassVar = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("platform", "-id"), name="audit_by_platform"),
            models.Index(fields=("target_type", "target_id"), name="audit_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.actor} {self.get_action_display()} {self.target}"
