"""The ledger of SMS: what a platform may send, reserved and used, in one day or month."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import TenantModel


class Span(models.TextChoices):
    """What a limit is counted in."""

    DAY = "day", _("day")
    MONTH = "month", _("month")


class BudgetPeriod(TenantModel):
    """Segments of one platform in one day or month of its time zone; no limit: unlimited.

    ``reserved`` waits for the `on` of a sequence; ``beyond`` went out over the limit, because a
    line was dark and had to be switched on. ``by_jobs`` is the part of both that no person asked.
    """

    span = models.CharField(_("span"), max_length=8, choices=Span.choices)
    starts = models.DateField(_("begins"))
    limit = models.PositiveIntegerField(_("limit"), null=True)
    used = models.PositiveIntegerField(_("used"), default=0)
    reserved = models.PositiveIntegerField(_("reserved"), default=0)
    beyond = models.PositiveIntegerField(_("beyond the limit"), default=0)
    by_jobs = models.PositiveIntegerField(_("by jobs"), default=0)

    class Meta:
        verbose_name = _("SMS budget")
        verbose_name_plural = _("SMS budgets")
        ordering = ("platform", "-starts", "span")
        constraints = (
            models.UniqueConstraint(
                fields=("platform", "span", "starts"), name="budget_once_a_span"
            ),
            models.CheckConstraint(
                condition=Q(limit=None) | Q(limit__gte=F("used") + F("reserved")),
                name="budget_is_kept",
            ),
            models.CheckConstraint(
                condition=Q(by_jobs__lte=F("used") + F("reserved")), name="budget_of_jobs_is_a_part"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.starts}"
