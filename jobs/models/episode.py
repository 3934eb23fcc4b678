"""Episodes: a player is bad under a job, from then till then; and what was done about it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms.guards import Rule
from platforms.scoping import ScopedQuerySet, TenantModel

from .job import Job, Mode, Trigger


class Ending(models.TextChoices):
    """Why an episode is over."""

    RECOVERED = "recovered", _("well again")
    DONE = "done", _("the scheduled action is over")
    LATE = "late", _("it was not possible in time")
    JOB = "job", _("the job was changed, disabled or removed")
    PLAYER = "player", _("the player is watched no more")


class EpisodeQuerySet(ScopedQuerySet):
    """Episodes by where they stand."""

    def open(self) -> "EpisodeQuerySet":
        """Keep those that are not over."""
        return self.filter(closed=False)


class Episode(TenantModel):
    """One (job, player) while it is bad: unique while it is open. Every move raises ``rev``.

    ``recovering_since`` is set while the player is good and not yet for long enough.
    ``suppressed`` is the code of the first gate that is shut, ``detail`` the values it used.
    """

    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, related_name="episodes", verbose_name=_("job")
    )
    job_version = models.PositiveIntegerField(_("version of the job"), editable=False)
    player = models.ForeignKey(
        "exporters.Player",
        on_delete=models.CASCADE,
        related_name="episodes",
        verbose_name=_("player"),
    )
    trigger = models.CharField(
        _("begun by"), max_length=16, choices=Trigger.choices, default=Trigger.RULE
    )
    due_at = models.DateTimeField(_("due"), null=True, editable=False)  # of a schedule
    opened_at = models.DateTimeField(_("opened"))
    value = models.FloatField(_("value"), null=True)
    recovering_since = models.DateTimeField(_("good since"), null=True)
    closed = models.BooleanField(_("over"), default=False)
    closed_at = models.DateTimeField(_("closed"), null=True)
    ending = models.CharField(_("ending"), max_length=16, choices=Ending.choices, blank=True)

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("not before"), null=True)
    exhausted_at = models.DateTimeField(_("exhausted"), null=True)
    suppressed = models.CharField(_("held back by"), max_length=32, blank=True)
    detail = models.JSONField(default=dict, editable=False)
    suppressed_since = models.DateTimeField(_("held back since"), null=True)

    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )
    acknowledged_name = models.CharField(_("acknowledged by"), max_length=254, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    rev = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar = EpisodeQuerySet.as_manager()

    rules: ClassVar = (
        Rule(
            "BEFORE UPDATE OF closed",
            "OLD.closed AND NOT NEW.closed",
            "an episode that is over stays over",
        ),
    )

    class Meta:
        verbose_name = _("episode")
        verbose_name_plural = _("episodes")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("job", "player"), condition=Q(closed=False), name="one_open_episode"
            ),
            models.UniqueConstraint(
                fields=("job", "player", "due_at"), name="one_episode_a_due_time"
            ),
            models.CheckConstraint(
                condition=Q(closed=False, closed_at=None, ending="")
                | (Q(closed=True, closed_at__isnull=False) & ~Q(ending="")),
                name="closed_episode_has_its_end",
            ),
        )
        indexes = (
            models.Index(fields=("platform", "-id"), name="episode_page"),
            models.Index(fields=("closed", "-id"), name="episode_open_first"),
            models.Index(fields=("player", "-id"), name="episode_by_player"),
            models.Index(fields=("job", "-id"), name="episode_by_job"),
            models.Index(
                fields=("platform", "opened_at"), name="episode_open", condition=Q(closed=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.job} · {self.player}"


class Standing(models.TextChoices):
    """Where an attempt stands. What became of its command is told by the command."""

    SHADOW = "shadow", _("would have acted")
    PROPOSED = "proposed", _("waits for approval")
    DECLINED = "declined", _("declined")
    LAPSED = "lapsed", _("nobody approved in time")
    COMMANDED = "commanded", _("command given")
    OVER = "over", _("over")


class Outcome(models.TextChoices):
    """What an attempt came to."""

    VERIFIED = "verified", _("it helped")
    INEFFECTIVE = "ineffective", _("it did not help")
    UNRESOLVED = "unresolved", _("nobody knows whether it was sent")
    NOT_SENT = "not_sent", _("it was not sent")
    FAILED = "failed", _("it could not be sent")
    CANCELLED = "cancelled", _("a person took it back")
    EXPIRED = "expired", _("it was too late to send it")
    ANSWERED = "answered", _("sent; no player tells whether it helped")
    CAME_BACK = "came_back", _("the player came back by itself")
    STAYED_BAD = "stayed_bad", _("the player stayed bad")


class ExecutionQuerySet(ScopedQuerySet):
    """Attempts by where they stand."""

    def waiting(self) -> "ExecutionQuerySet":
        """Keep those that a person is asked about."""
        return self.filter(standing=Standing.PROPOSED)

    def under_way(self) -> "ExecutionQuerySet":
        """Keep those whose command is not over for the episode."""
        return self.filter(standing=Standing.COMMANDED)


class JobExecution(TenantModel):
    """One attempt of an episode: one rung of the ladder, with everything it was decided on.

    ``condition`` are the parts of what held, ``value`` what Prometheus said; ``gates`` every
    verdict in its order, as [{"gate", "open", "detail"}].
    """

    episode = models.ForeignKey(
        Episode, on_delete=models.CASCADE, related_name="executions", verbose_name=_("episode")
    )
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, related_name="executions", verbose_name=_("job")
    )
    player = models.ForeignKey(
        "exporters.Player", on_delete=models.CASCADE, related_name="+", verbose_name=_("player")
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    rung = models.PositiveSmallIntegerField(_("rung"))
    mode = models.CharField(_("mode"), max_length=16, choices=Mode.choices)
    is_canary = models.BooleanField(_("tried first, for others"), default=False)
    standing = models.CharField(_("standing"), max_length=16, choices=Standing.choices)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices, blank=True)
    command = models.OneToOneField(
        "devices.Command",
        on_delete=models.PROTECT,
        null=True,
        related_name="execution",
        verbose_name=_("command"),
    )
    device = models.ForeignKey(
        "devices.Device",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("socket"),
    )
    value = models.FloatField(_("value"), null=True)
    condition = models.JSONField(default=dict, editable=False)
    gates = models.JSONField(default=list, editable=False)
    sent = models.CharField(_("what was sent"), max_length=480, blank=True)
    segments = models.PositiveSmallIntegerField(_("SMS"), default=0)
    #: Seconds after sending within which the player must be well; that of the rung.
    wait = models.PositiveIntegerField(_("wait"), default=600)
    #: Since when the player has been good in every slot, by samples from after its boot.
    well_since = models.DateTimeField(null=True, editable=False)
    output = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("begun"))
    #: When its command was given: a proposal is older. Rates count by it.
    commanded_at = models.DateTimeField(_("commanded"), null=True)
    expires_at = models.DateTimeField(_("lapses"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_name = models.CharField(_("decided by"), max_length=254, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects: ClassVar = ExecutionQuerySet.as_manager()

    rules: ClassVar = (
        Rule(
            "BEFORE UPDATE OF standing",
            "OLD.standing IN ('over', 'declined', 'lapsed') AND NEW.standing <> OLD.standing",
            "an attempt that is over stays over",
        ),
    )

    class Meta:
        verbose_name = _("execution")
        verbose_name_plural = _("executions")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("episode", "attempt"), name="attempt_once"),
            models.UniqueConstraint(
                fields=("episode",),
                condition=Q(standing__in=(Standing.PROPOSED, Standing.COMMANDED)),
                name="one_attempt_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("platform", "-id"), name="execution_page"),
            models.Index(fields=("job", "-id"), name="execution_by_job"),
            models.Index(fields=("player", "-id"), name="execution_by_player"),
            models.Index(
                fields=("platform", "standing"),
                name="execution_open",
                condition=Q(standing__in=(Standing.PROPOSED, Standing.COMMANDED)),
            ),
            models.Index(fields=("platform", "commanded_at"), name="execution_rate"),
        )

    def __str__(self) -> str:
        return f"{self.episode} · {self.attempt}"


class GateVerdict(TenantModel):
    """Why an open episode was held back, from when: written where it differs from the last."""

    episode = models.ForeignKey(
        Episode, on_delete=models.CASCADE, related_name="verdicts", verbose_name=_("episode")
    )
    at = models.DateTimeField(_("when"))
    gate = models.CharField(_("gate"), max_length=32, blank=True)  # empty: nothing held it back
    detail = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("verdict of a gate")
        verbose_name_plural = _("verdicts of gates")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.episode} · {self.gate}"
