"""Notices: what happened that people should hear of, and how far each person has read."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms import notice_kinds
from platforms.guards import Rule
from platforms.notice_kinds import Severity
from platforms.roles import Deed
from platforms.scoping import GlobalModel, Principal, ScopedQuerySet, SharedModel

from .channel import Delivery


class NoticeQuerySet(ScopedQuerySet):
    """Notices by who reads them, and by what is still to be done about them."""

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> Self:
        """Keep those of the principal's platforms, of some kinds only where it may do more."""
        rows = super().for_user(user, deed)
        for needed, kinds in notice_kinds.reserved().items():
            if not user.reaches_every_platform(needed):
                known = user.known_platform_ids(needed) if deed is Deed.SEE else None
                ids = user.platform_ids(needed) if known is None else known
                allowed = Q(platform_id__in=ids)
                rows = rows.filter(allowed | ~Q(kind__in=kinds))
        return rows

    def lasting(self) -> "NoticeQuerySet":
        """Keep those whose condition is not over."""
        return self.filter(ended_at=None)

    def unspread(self) -> "NoticeQuerySet":
        """Keep those that no channel has been asked about."""
        return self.filter(spread_at=None).order_by("pk")


class Notice(SharedModel):
    """One event. Of no platform: the installation's, for superadmins.

    It speaks of a row by type, number and name, so that it still reads when the row is gone.
    ``key`` names a condition: while one lasts (no ``ended_at``), its kind is not written again.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("platform"),
    )
    kind = models.CharField(_("event"), max_length=32)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    about_type = models.CharField(max_length=64, blank=True, editable=False)
    about_id = models.CharField(max_length=64, blank=True, editable=False)
    about_name = models.CharField(_("about"), max_length=255, blank=True)
    facts = models.JSONField(default=dict, editable=False)
    key = models.CharField(max_length=128, blank=True, editable=False)
    at = models.DateTimeField(_("when"))
    ended_at = models.DateTimeField(_("over since"), null=True)
    #: When it was handed to the channels; the repetition of what lasts does not change it.
    spread_at = models.DateTimeField(null=True, editable=False)
    repeat_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = NoticeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "key"),
                condition=Q(ended_at=None) & ~Q(key=""),
                name="notice_once_while_it_lasts",
            ),
        )
        indexes = (
            models.Index(fields=("platform", "-id"), name="notice_page"),
            models.Index(fields=("about_type", "about_id"), name="notice_about"),
            models.Index(fields=("id",), name="notice_unspread", condition=Q(spread_at=None)),
            models.Index(
                fields=("repeat_at",),
                name="notice_repeated",
                condition=Q(ended_at=None, repeat_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} · {self.about_name}"


class DeliveryItem(GlobalModel):
    """A notice in a delivery. A channel of a platform never gets one of another."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="items", editable=False
    )
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="+", editable=False)
    again = models.BooleanField(default=False, editable=False)  # told before and still lasting

    rules: ClassVar = (
        Rule(
            "BEFORE INSERT",
            "EXISTS (SELECT 1 FROM platforms_delivery delivery, platforms_notice notice "
            "WHERE delivery.id = NEW.delivery_id AND notice.id = NEW.notice_id "
            "AND delivery.platform_id IS NOT NULL "
            "AND delivery.platform_id IS DISTINCT FROM notice.platform_id)",
            "a channel hears of its own platform alone",
        ),
    )

    class Meta:
        verbose_name = _("notice of a delivery")
        verbose_name_plural = _("notices of deliveries")
        constraints = (
            models.UniqueConstraint(fields=("delivery", "notice"), name="notice_once_a_delivery"),
        )

    def __str__(self) -> str:
        return f"{self.delivery} · {self.notice}"


class NoticeMark(GlobalModel):
    """How far a person has read: every notice up to this number."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notice_mark",
        editable=False,
    )
    up_to = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("mark of reading")
        verbose_name_plural = _("marks of reading")

    def __str__(self) -> str:
        return f"{self.user} · {self.up_to}"
