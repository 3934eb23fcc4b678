"""The parts of a job: its conditions, the rungs of its ladder, its targets and its hours."""

import json

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import TenantModel
from platforms.secrets import EncryptedField, SecretRow
from platforms.wall_time import clock_time

from .job import Job
from .metric import MonitoringMetric
from .track import Clock


class Function(models.TextChoices):
    """What is made of the samples of a window."""

    LAST = "last", _("now")
    AVG = "avg", _("average")
    MIN = "min", _("least")
    MAX = "max", _("greatest")
    CHANGES = "changes", _("number of changes")


class Operator(models.TextChoices):
    """How a value is compared with the threshold."""

    GREATER = ">", ">"
    LESS = "<", "<"
    AT_LEAST = ">=", "≥"
    AT_MOST = "<=", "≤"
    EQUAL = "==", "="
    UNEQUAL = "!=", "≠"


class Action(models.TextChoices):
    """What a rung of the ladder does."""

    RESTART = "restart", _("restart, as the socket's model does it")
    TEMPLATE = "template", _("a command")


class Condition(TenantModel):
    """One comparison of a metric with a threshold. ``window`` is seconds; 0 with ``last``."""

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="conditions", verbose_name=_("job")
    )
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    metric = models.ForeignKey(
        MonitoringMetric, on_delete=models.PROTECT, related_name="+", verbose_name=_("metric")
    )
    function = models.CharField(
        _("what of it"), max_length=8, choices=Function.choices, default=Function.LAST
    )
    window = models.PositiveIntegerField(_("over the last seconds"), default=0)
    operator = models.CharField(_("comparison"), max_length=2, choices=Operator.choices)
    threshold = models.FloatField(_("value"))

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {self.threshold:g}"


class Rung(SecretRow, TenantModel):
    """One step of the ladder: what is sent, and for how many seconds it may take to help.

    Values of the command that are secret are in ``secrets``, the text of a JSON object.
    """

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="rungs", verbose_name=_("job")
    )
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    action = models.CharField(
        _("action"), max_length=16, choices=Action.choices, default=Action.RESTART
    )
    template = models.ForeignKey(
        "devices.CommandTemplate",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("command"),
    )
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    secrets = EncryptedField(_("secrets"), blank=True, default="", editable=False)
    wait = models.PositiveIntegerField(
        _("wait"),
        default=600,
        help_text=_("Seconds after sending within which the player must be well."),
    )

    class Meta:
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("job", "position"), name="rung_once_a_position"),
            models.CheckConstraint(
                condition=Q(action=Action.RESTART, template=None)
                | Q(action=Action.TEMPLATE, template__isnull=False),
                name="rung_has_what_it_sends",
            ),
        )

    def __str__(self) -> str:
        return f"{self.job} · {self.position + 1}"

    @property
    def values(self) -> dict[str, str]:
        """Return what the command is given, secrets too; raise KeyRingError."""
        secrets: dict[str, str] = json.loads(self.secrets.reveal() or "{}")
        return {**self.parameters, **secrets}


class JobTarget(TenantModel):
    """A part of what a job watches: all players of an exporter or of a site, or one player."""

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="targets", verbose_name=_("job")
    )
    exporter = models.ForeignKey(
        "exporters.Exporter",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("exporter"),
    )
    site = models.ForeignKey(
        "platforms.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
    )
    player = models.ForeignKey(
        "exporters.Player",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("player"),
    )

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = (
            models.CheckConstraint(
                condition=Q(exporter__isnull=False, site=None, player=None)
                | Q(exporter=None, site__isnull=False, player=None)
                | Q(exporter=None, site=None, player__isnull=False),
                name="target_is_one_thing",
            ),
            models.UniqueConstraint(fields=("job", "exporter"), name="target_exporter_once"),
            models.UniqueConstraint(fields=("job", "site"), name="target_site_once"),
            models.UniqueConstraint(fields=("job", "player"), name="target_player_once"),
        )

    def __str__(self) -> str:
        return str(self.exporter or self.site or self.player)


class OperatingHours(TenantModel):
    """A span of a weekday, 0 = Monday, in which a job may act; with no row at any time.

    Where ``closes`` is not later than ``opens`` it lasts until then of the next day.
    """

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="hours", verbose_name=_("job")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("till"))

    class Meta:
        verbose_name = _("operating hours")
        verbose_name_plural = _("operating hours")
        ordering = ("weekday", "opens")
        constraints = (
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekday_of_seven"),
        )

    def __str__(self) -> str:
        return f"{self.weekday} {clock_time(self.opens)}-{clock_time(self.closes)}"


class Floor(TenantModel):
    """What a changed job does not count of a clock: all that was observed before the change."""

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="floors", verbose_name=_("job")
    )
    clock = models.ForeignKey(
        Clock, on_delete=models.CASCADE, related_name="+", verbose_name=_("clock of a source")
    )
    observed = models.FloatField(editable=False)
    #: For how many seconds runs that were going on were not known: by player id, where any.
    frozen = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("floor of a job")
        verbose_name_plural = _("floors of jobs")
        constraints = (models.UniqueConstraint(fields=("job", "clock"), name="floor_once"),)

    def __str__(self) -> str:
        return f"{self.job} · {self.observed:g}"
