"""Jobs: one rule or one schedule for a whole selection of players, and what it does about them."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, gettext_lazy as _

from platforms.notice_kinds import Severity
from platforms.scoping import ScopedQuerySet, TenantModel

from .track import Criterion


class Trigger(models.TextChoices):
    """What makes a job act."""

    RULE = "rule", _("a rule over metrics")
    SCHEDULE = "schedule", _("a schedule")


class Mode(models.TextChoices):
    """How far a job may go."""

    SHADOW = "shadow", _("shadow: only records what it would do")
    APPROVE = "approve", _("a person approves each action")
    LIVE = "live", _("live: acts by itself")


class Joined(models.TextChoices):
    """How conditions come together."""

    ALL = "all", _("all conditions hold")
    ANY = "any", _("at least one condition holds")


class JobQuerySet(ScopedQuerySet):
    """Jobs by whether they count, and by what the reader calls them."""

    def in_use(self) -> "JobQuerySet":
        """Keep those that were not removed; the others stay for their history alone."""
        return self.filter(removed_at=None)

    def working(self) -> "JobQuerySet":
        """Keep those that are evaluated: enabled, on an active platform."""
        return self.in_use().filter(enabled=True, platform__active=True)

    def with_shown_name(self) -> "JobQuerySet":
        """Add ``shown_name``, the name in the reader's language: to sort by and to search in."""
        known = KeyTextTransform(get_language() or "", "names")
        shown = Coalesce(known, "name", output_field=models.CharField())
        rows: JobQuerySet = self.annotate(shown_name=shown)
        return rows


class Job(TenantModel):
    """A rule over metrics, or a schedule, over a selection of players of one platform.

    ``own_name`` is what a person called it; empty: the name is automatic and follows what the job
    does: ``names`` has it by language, ``name`` in that of the installation. ``version`` grows
    with every change of what it decides on; ``changed_at`` is when it did last. Times are seconds.
    """

    name = models.CharField(_("name"), max_length=200)
    own_name = models.CharField(
        _("own name"),
        max_length=160,
        blank=True,
        help_text=_("Empty: the name tells what the job does, and follows its changes."),
    )
    names = models.JSONField(default=dict, editable=False)
    description = models.TextField(_("description"), blank=True)
    trigger = models.CharField(
        _("begins by"), max_length=16, choices=Trigger.choices, default=Trigger.RULE
    )
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices, default=Mode.SHADOW)
    enabled = models.BooleanField(_("enabled"), default=True)

    joined = models.CharField(
        _("conditions"), max_length=8, choices=Joined.choices, default=Joined.ALL
    )
    raw = models.TextField(_("raw PromQL"), blank=True)
    criterion = models.ForeignKey(
        Criterion,
        on_delete=models.PROTECT,
        null=True,
        related_name="jobs",
        editable=False,
        verbose_name=_("criterion"),
    )
    hold = models.PositiveIntegerField(
        _("for"), default=300, help_text=_("Seconds that a player must be bad before it fires.")
    )
    recover = models.PositiveIntegerField(
        _("recover for"),
        default=120,
        help_text=_("Seconds that a player must be good again before its episode closes."),
    )
    cron = models.CharField(_("schedule"), max_length=120, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Empty: that of the platform.")
    )
    due_at = models.DateTimeField(_("next run"), null=True, editable=False)
    #: By the clock of which zone that is: the platform's may have been changed since.
    due_zone = models.CharField(max_length=64, blank=True, editable=False)
    missed_runs = models.PositiveIntegerField(_("missed runs"), default=0, editable=False)
    missed_at = models.DateTimeField(_("last missed"), null=True, editable=False)

    whole_platform = models.BooleanField(_("every player of the platform"), default=False)
    cooldown = models.PositiveIntegerField(
        _("cooldown"),
        default=1800,
        help_text=_("Seconds between two attempts on one player by this job."),
    )
    attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=3, validators=[MinValueValidator(1)]
    )
    boot_grace = models.PositiveIntegerField(
        _("boot grace"),
        default=180,
        help_text=_("Seconds that a player takes to start; what is seen earlier does not count."),
    )
    approval_time = models.PositiveIntegerField(
        _("time to approve"),
        default=3600,
        help_text=_("Seconds after which a proposed action lapses."),
    )
    beside = models.BooleanField(
        _("healthy players on the line may go dark too"),
        default=False,
        help_text=_("Otherwise nothing is done while another player of the line is well."),
    )
    severity = models.PositiveSmallIntegerField(
        _("severity"), choices=Severity.choices, default=Severity.WARNING
    )
    notify = models.BooleanField(_("tell people"), default=True)

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    #: Grows with every change, so that nobody overwrites what they have not seen.
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now_add=True)
    #: Players by state, as the last tick that changed a figure saw them: {"ok": 12, "firing": 1}.
    figures = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    removed_at = models.DateTimeField(_("removed"), null=True, editable=False)

    objects: ClassVar = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("platform", "name"),
                condition=Q(removed_at=None),
                name="job_name_once_a_platform",
                violation_error_message=_("This platform already has a job of this name."),
            ),
            models.CheckConstraint(
                condition=Q(trigger=Trigger.RULE, cron="") | Q(trigger=Trigger.SCHEDULE, raw=""),
                name="job_is_a_rule_or_a_schedule",
            ),
        )
        indexes = (
            models.Index(fields=("platform", "name", "id"), name="job_page"),
            models.Index(
                fields=("due_at",),
                name="job_due",
                condition=Q(due_at__isnull=False, enabled=True, removed_at=None),
            ),
        )

    def __str__(self) -> str:
        return str(self.names.get(get_language(), self.name))
