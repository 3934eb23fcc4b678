"""Putting sockets into service: tries of each step, and how often sockets are asked for a sign."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import TenantModel

from .command import Command
from .device import Device, DeviceLine

DAYS, SHARE = 7, 10  # unless a platform says otherwise


class Trial(models.TextChoices):
    """What is tried on a socket that is put into service."""

    REGISTER = "register", _("register the gateway's number")
    QUERY = "query", _("ask for the state")
    POWER = "power", _("switch the power off and on")


class CommissioningTrial(TenantModel):
    """One try of one step; what came of it stays. Without a command a person vouched for it."""

    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="trials", verbose_name=_("socket")
    )
    trial = models.CharField(_("step"), max_length=16, choices=Trial.choices)
    command = models.ForeignKey(
        Command,
        on_delete=models.SET_NULL,
        null=True,
        related_name="trials",
        verbose_name=_("command"),
    )
    line = models.ForeignKey(
        DeviceLine, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("line")
    )
    phone = models.CharField(_("phone"), max_length=16)  # of the socket then: a new SIM begins anew
    started_at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    passed = models.BooleanField(_("passed"), null=True)
    #: Code of the finding that ended it, see devices/findings.py.
    finding = models.CharField(_("finding"), max_length=32, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    author_name = models.CharField(_("author"), max_length=254)

    class Meta:
        verbose_name = _("step of commissioning")
        verbose_name_plural = _("steps of commissioning")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at=None, passed=None)
                | Q(ended_at__isnull=False, passed__isnull=False),
                name="trial_ends_with_an_outcome",
            ),
        )
        indexes = (
            models.Index(fields=("device", "trial", "-id"), name="trial_by_device"),
            models.Index(fields=("id",), name="trial_open", condition=Q(ended_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.device} · {self.get_trial_display()}"


class StatusQueryPlan(TenantModel):
    """How often a platform's sockets are asked for their state, and what that may cost.

    ``day_used`` and ``month_used`` are segments asked for in the platform's day ``day`` and its
    month, sent or not: what did not go out is not given back.
    """

    platform = models.OneToOneField(
        "platforms.Platform",
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("platform"),
    )
    days = models.PositiveSmallIntegerField(
        _("ask every"),
        default=DAYS,
        choices=(
            (0, _("never")),
            (1, _("day")),
            (2, _("2 days")),
            (3, _("3 days")),
            (7, _("week")),
            (14, _("2 weeks")),
            (30, _("30 days")),
        ),
        help_text=_("A socket that was heard of in that time is not asked."),
    )
    share = models.PositiveSmallIntegerField(
        _("share of the SMS limits, %"),
        default=SHARE,
        validators=(MinValueValidator(1), MaxValueValidator(50)),
        help_text=_("The most that these questions may use of the day's and the month's limit."),
    )
    day = models.DateField(null=True, editable=False)
    day_used = models.PositiveIntegerField(_("asked today"), default=0, editable=False)
    month_used = models.PositiveIntegerField(_("asked this month"), default=0, editable=False)

    class Meta:
        verbose_name = _("status queries")
        verbose_name_plural = _("status queries")
        ordering = ("platform",)
        constraints: ClassVar = (
            models.CheckConstraint(
                condition=Q(share__gte=1, share__lte=50), name="query_share_is_a_part"
            ),
        )

    def __str__(self) -> str:
        return str(self.platform)
