"""The catalogue of metrics: what jobs can ask about, in words; which of one's own jobs do so.

Rows without a platform that every member reads: of other platforms not even a count is told.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from exporters.kinds import KINDS
from jobs import catalogue, condition_words
from jobs.metric_choices import CATEGORIES, described
from jobs.models import Condition, Job, MonitoringMetric
from platforms.models import User
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

from .long_cells import sentence

MOST_JOBS = 50  # that the page of one names


class CategoryFilter(DropdownFilter):
    """Narrows the list to metrics about one thing; to those that nobody described."""

    title = gettext_lazy("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Promise]]:
        """Offer every category."""
        return [(category.value, title) for category, title in CATEGORIES.items()]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen one; what is in no file was found."""
        value = self.value()
        if value not in {category.value for category in CATEGORIES}:
            return queryset
        known = catalogue.metrics()
        if value == catalogue.Category.FOUND.value:
            return queryset.exclude(name__in=known)
        return queryset.filter(
            name__in=[each.name for each in known.values() if each.category.value == value]
        )


class KindFilter(DropdownFilter):
    """Narrows the list to metrics of one kind of exporter."""

    title = gettext_lazy("kind of exporter")
    parameter_name = "of_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer those of all kinds, and each kind."""
        kinds = ((kind.name, kind.title) for kind in KINDS.values())
        return [("every", _("every kind")), *kinds]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen one."""
        value = self.value()
        return queryset.filter(kind="" if value == "every" else value) if value else queryset


class ServedFilter(DropdownFilter):
    """Narrows the list to what can be asked about now, or to what is served no more."""

    title = gettext_lazy("state")
    parameter_name = "of_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("served", _("served")), ("withdrawn", _("served no more"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen state."""
        if self.value() not in ("served", "withdrawn"):
            return queryset
        return queryset.filter(withdrawn_at__isnull=self.value() == "served")


@admin.register(MonitoringMetric)
class MetricAdmin(ReadOnlyAdmin):
    """Everybody reads what jobs can be about."""

    list_display = (
        *("title", "technical", "category", "of_kind", "counted_in", "range", "state", "found_at"),
        "used",
    )
    list_filter = (CategoryFilter, KindFilter, ServedFilter)
    search_fields = ("name",)
    ordering = ("name",)
    actions = None
    fieldsets = (
        (None, {"fields": ("title", "help", "category", "technical", "of_kind", "identity")}),
        (gettext_lazy("Values"), {"fields": ("counted_in", "range", "meaning")}),
        (gettext_lazy("Condition"), {"fields": ("standing", "found_at", "withdrawn_at", "jobs")}),
    )
    readonly_fields: ClassVar = (
        *("title", "help", "category", "technical", "of_kind", "counted_in", "range", "meaning"),
        *("standing", "jobs"),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Count along how many of the reader's own jobs ask about each."""
        mine = _jobs_of(person_of(request)).order_by().values("pk")
        # unscoped: of jobs that are scoped
        asking = Condition.objects.filter(metric=OuterRef("pk"), job__in=mine).order_by()
        number = asking.values("metric").annotate(number=Count("job", distinct=True))
        rows = super().get_queryset(request)
        counted: models.QuerySet[Any] = rows.annotate(
            jobs_asking=Coalesce(Subquery(number.values("number")), 0)
        )
        return counted

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Search in the technical names, and in the words of the catalogue in both languages."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        word = search_term.strip().casefold()
        titled = [
            each.name
            for each in catalogue.metrics().values()
            if word and any(word in text.casefold() for text in (each.title.en, each.title.ru))
        ]
        if titled:
            found = queryset.filter(Q(pk__in=found.values("pk")) | Q(name__in=titled))
        return found, doubled

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Remember for whom the page is: it names jobs."""
        row: Any = super().get_object(request, object_id, from_field)
        if row is not None:
            row.reader = person_of(request)
        return row

    # -- words ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("metric"), ordering="name")
    def title(self, row: MonitoringMetric) -> SafeString:
        """Return what people call it."""
        return sentence(described(row).title)

    @admin.display(description=gettext_lazy("technical name"), ordering="name")
    def technical(self, row: MonitoringMetric) -> SafeString:
        """Return its name in Prometheus, which may be long."""
        return sentence(row.name)

    @admin.display(description=gettext_lazy("what it says"))
    def help(self, row: MonitoringMetric) -> str:
        """Return what it says; nobody described what was found."""
        return str(described(row).help) or "–"

    @admin.display(description=gettext_lazy("category"))
    def category(self, row: MonitoringMetric) -> Promise:
        """Return what it is about."""
        return CATEGORIES[described(row).category]

    @admin.display(description=gettext_lazy("kind of exporter"), ordering="kind")
    def of_kind(self, row: MonitoringMetric) -> str:
        """Return whose players have it."""
        if not row.kind:
            return _("every kind")
        return KINDS[row.kind].title if row.kind in KINDS else row.kind

    @admin.display(description=gettext_lazy("unit"), ordering="unit")
    def counted_in(self, row: MonitoringMetric) -> str:
        """Return the unit of its numbers."""
        return condition_words.unit(described(row)) or "–"

    @admin.display(description=gettext_lazy("range"))
    def range(self, row: MonitoringMetric) -> str:
        """Return the least and the greatest value, as far as somebody says."""
        metric = described(row)
        ends = [
            "…" if end is None else number_format(f"{end:g}")
            for end in (metric.minimum, metric.maximum)
        ]
        return " – ".join(ends) if ends != ["…", "…"] else "–"

    @admin.display(description=gettext_lazy("what values mean"))
    def meaning(self, row: MonitoringMetric) -> str:
        """Return the words of values, or that a moment is compared by its age."""
        metric = described(row)
        if metric.age:
            return _("A moment; what is compared is how many seconds ago it was.")
        said = (f"{value:g}: {words}" for value, words in metric.values.items())
        return ", ".join(said) or "–"

    @display(description=gettext_lazy("state"), label={"served": "success", "withdrawn": "warning"})
    def state(self, row: MonitoringMetric) -> tuple[str, str]:
        """Return whether a condition may be about it now."""
        return "served" if row.withdrawn_at is None else "withdrawn", self.standing(row)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, row: MonitoringMetric) -> str:
        """Return the same in words alone: Unfold colours them in lists only."""
        return _("served") if row.withdrawn_at is None else _("served no more")

    @admin.display(description=gettext_lazy("your jobs"), ordering="jobs_asking")
    def used(self, row: Any) -> int:
        """Return how many of the reader's jobs ask about it."""
        number: int = row.jobs_asking
        return number

    @admin.display(description=gettext_lazy("your jobs that ask about it"))
    def jobs(self, row: Any) -> SafeString | str:
        """Name them, each with its page."""
        asking = _jobs_of(row.reader).filter(conditions__metric=row).distinct()
        links = [
            (reverse("admin:jobs_job_change", args=[each.pk]), each)
            for each in asking.order_by("name", "pk")[:MOST_JOBS]
        ]
        named = format_html_join(", ", '<a href="{}"><bdi>{}</bdi></a>', links)
        more = row.jobs_asking - len(links)
        return format_html("{} … +{}", named, more) if more > 0 else named or "–"


def _jobs_of(person: User) -> "models.QuerySet[Job, Any]":
    jobs: models.QuerySet[Job, Any] = Job.objects.for_user(person).in_use()
    return jobs
