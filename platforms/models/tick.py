"""Background work as it went last: when it began, when it ended, what went wrong. One row each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import GlobalModel


class Tick(GlobalModel):
    """The last run of one piece of work by any process; ``busy_until`` while one is at it.

    ``fence`` tells whose run it is: a run that was given up must not end another one's.
    """

    name = models.CharField(_("name"), max_length=63, unique=True)
    started_at = models.DateTimeField(_("last began"), null=True)
    finished_at = models.DateTimeField(_("last ended"), null=True)
    busy_until = models.DateTimeField(null=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)
    error = models.CharField(_("error"), max_length=255, blank=True)
    failed_at = models.DateTimeField(_("last failed"), null=True)

    class Meta:
        verbose_name = _("background work")
        verbose_name_plural = _("background work")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
