"""What can be asked of a player: the metrics of the catalogue, and those found in Prometheus."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.roles import Deed
from platforms.scoping import GlobalModel, GlobalQuerySet, Principal


class MonitoringMetricQuerySet(GlobalQuerySet):
    """Metrics: names and units alone, so that members of any platform read them."""

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> Self:
        """Keep everything for whoever may do the deed anywhere."""
        if user.reaches_every_platform(deed):
            return self.all()
        return self.filter(models.Exists(user.platform_ids(deed)))

    def offered(self) -> Self:
        """Keep those that a condition may be about now."""
        return self.filter(withdrawn_at=None)


class MonitoringMetric(GlobalModel):
    """One metric by its name in Prometheus; its words stand in the catalogue's files.

    ``identity`` is the label that names a player, ``kind`` that of the exporters that serve it.
    A found one (``in_catalogue`` false) has no words but its name.
    """

    name = models.CharField(_("technical name"), max_length=200, unique=True, editable=False)
    kind = models.CharField(_("kind of exporter"), max_length=32, editable=False)
    identity = models.CharField(_("label of the player"), max_length=64, editable=False)
    unit = models.CharField(_("unit"), max_length=16, blank=True, editable=False)
    in_catalogue = models.BooleanField(_("in the catalogue"), default=True, editable=False)
    #: Null: before it was written down.
    found_at = models.DateTimeField(_("known since"), null=True, editable=False)
    #: Neither in the catalogue nor in Prometheus any more; conditions that name it stay.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    objects: ClassVar = MonitoringMetricQuerySet.as_manager()

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
