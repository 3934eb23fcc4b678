"""The brake: while too many players of a domain are bad, no job begins anything there."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import TenantModel


class Brake(TenantModel):
    """The brake of a domain: of an exporter, or of a whole platform (no exporter).

    ``bad`` of ``enrolled`` players, as they were counted last at ``counted_at``: while it is
    engaged, and when a job wants to act. ``below_since`` is set while it is engaged and the count
    has stayed below the limit.
    """

    exporter = models.ForeignKey(
        "exporters.Exporter",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("exporter"),
    )
    engaged = models.BooleanField(_("engaged"), default=False)
    engaged_at = models.DateTimeField(_("engaged at"), null=True)
    released_at = models.DateTimeField(_("released at"), null=True)
    below_since = models.DateTimeField(_("below the limit since"), null=True)
    counted_at = models.DateTimeField(_("counted"), null=True)
    bad = models.PositiveIntegerField(_("bad players"), default=0)
    enrolled = models.PositiveIntegerField(_("of"), default=0)

    class Meta:
        verbose_name = _("brake")
        verbose_name_plural = _("brakes")
        ordering = ("platform", "exporter")
        constraints = (
            models.UniqueConstraint(fields=("platform", "exporter"), name="brake_once_an_exporter"),
            models.UniqueConstraint(
                fields=("platform",), condition=Q(exporter=None), name="brake_once_a_platform"
            ),
        )

    def __str__(self) -> str:
        return f"{self.exporter or self.platform}"
