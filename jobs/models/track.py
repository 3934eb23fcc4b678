"""What evaluation remembers: of a criterion, of each source under it, of each player.

Written by jobs/track_rows.py alone; what the columns mean is decided in jobs/tracks.py.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import GlobalModel, TenantModel


class Engine(GlobalModel):
    """The one row of the installation: which slot was evaluated last, and how ticks went."""

    slot = models.BigIntegerField(default=0, editable=False)
    ticks = models.BigIntegerField(default=0, editable=False)
    missed = models.BigIntegerField(default=0, editable=False)
    #: When the last tick was that did not fail; at first, when one began.
    ticked_at = models.DateTimeField(null=True, editable=False)
    took = models.FloatField(default=0, editable=False)  # seconds
    #: Why the last tick could judge nothing at all: Prometheus away.
    blind = models.CharField(max_length=64, blank=True, editable=False)
    blind_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("engine")
        verbose_name_plural = _("engine")
        constraints = (models.CheckConstraint(condition=Q(id=1), name="one_engine"),)

    def __str__(self) -> str:
        return f"{self.slot}"


class Criterion(TenantModel):
    """What is asked of players of one platform; jobs with the same conditions share it."""

    digest = models.CharField(max_length=64, editable=False)
    definition = models.JSONField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        constraints = (
            models.UniqueConstraint(fields=("platform", "digest"), name="criterion_once"),
        )

    def __str__(self) -> str:
        return self.digest[:12]


class Clock(TenantModel):
    """How long one source was known under one criterion; slots are numbers of 30 seconds."""

    criterion = models.ForeignKey(
        Criterion, on_delete=models.CASCADE, related_name="clocks", verbose_name=_("criterion")
    )
    exporter = models.ForeignKey(
        "exporters.Exporter", on_delete=models.CASCADE, related_name="+", verbose_name=_("exporter")
    )
    slot = models.BigIntegerField(default=0, editable=False)
    at = models.DateTimeField(null=True, editable=False)
    observed = models.FloatField(default=0, editable=False)  # seconds
    known = models.BooleanField(default=False, editable=False)
    known_since = models.BigIntegerField(default=0, editable=False)
    era = models.PositiveIntegerField(default=0, editable=False)
    why = models.CharField(max_length=32, blank=True, editable=False)
    known_before = models.BigIntegerField(null=True, editable=False)  # slot
    #: How many series each condition had when all was well: while it stays so, nobody vanished.
    counts = models.JSONField(default=list, editable=False)
    #: Enrolled players of which nothing was ever known, as the last look at each of them said.
    fresh = models.PositiveIntegerField(default=0, editable=False)
    looked = models.BigIntegerField(default=0, editable=False)  # slot of that look

    class Meta:
        verbose_name = _("clock of a source")
        verbose_name_plural = _("clocks of sources")
        constraints = (
            models.UniqueConstraint(fields=("criterion", "exporter"), name="clock_once"),
        )

    def __str__(self) -> str:
        return f"{self.criterion} · {self.exporter}"


class Track(TenantModel):
    """What was seen of one player under one criterion; at rest while it is well."""

    criterion = models.ForeignKey(
        Criterion, on_delete=models.CASCADE, related_name="tracks", verbose_name=_("criterion")
    )
    player = models.ForeignKey(
        "exporters.Player", on_delete=models.CASCADE, related_name="+", verbose_name=_("player")
    )
    bad = models.BooleanField(editable=False)
    run_from = models.FloatField(editable=False)
    frozen = models.FloatField(default=0, editable=False)
    frozen_from = models.FloatField(null=True, editable=False)
    since_slot = models.BigIntegerField(editable=False)
    era = models.PositiveIntegerField(default=0, editable=False)
    seen_good = models.BooleanField(default=False, editable=False)
    bad_from = models.FloatField(null=True, editable=False)
    #: One at which it was known to be well; null: none.
    well_slot = models.BigIntegerField(null=True, editable=False)
    #: The last slots at which it changed, six at most, between blanks.
    flips = models.CharField(max_length=120, blank=True, default="", editable=False)
    #: Of the condition that held when it turned bad, for people; null: it did not.
    value = models.FloatField(null=True, editable=False)
    #: Code of the reason while it is not known.
    why = models.CharField(max_length=32, blank=True, editable=False)

    AT_REST: ClassVar = Q(bad=False, frozen_from=None)

    class Meta:
        verbose_name = _("track of a player")
        verbose_name_plural = _("tracks of players")
        constraints = (models.UniqueConstraint(fields=("criterion", "player"), name="track_once"),)
        indexes = (
            models.Index(
                fields=("criterion",),
                name="track_restless",
                condition=Q(bad=True) | Q(frozen_from__isnull=False),
            ),
            models.Index(fields=("player",), name="track_by_player"),
        )

    def __str__(self) -> str:
        return f"{self.criterion} · {self.player}"
