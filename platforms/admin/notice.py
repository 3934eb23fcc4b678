"""The list behind the bell: what happened on one's platforms, and how far one has read."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from platforms import bell, notice_kinds, notice_texts
from platforms.models import Notice
from platforms.notice_kinds import KINDS, Severity
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

from .filters import PlatformFilter, SpanFilter, several_platforms

COLOURS = {
    "over": "success",
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "danger",
}


class EventFilter(DropdownFilter):
    """Narrows the list to one event, both ends of it."""

    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the events that there can be."""
        return notice_kinds.family_choices()

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the chosen one."""
        if not self.value():
            return queryset
        of_it = [kind.name for kind in KINDS.values() if kind.family == self.value()]
        return queryset.filter(kind__in=of_it)


class LastingFilter(DropdownFilter):
    """Narrows the list to conditions that are not over."""

    title = gettext_lazy("condition")
    parameter_name = "condition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the one that matters."""
        return [("lasts", _("lasts"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep what lasts; what is said once a span has no end and does not last."""
        if self.value() != "lasts":
            return queryset
        lasting = [kind.name for kind in KINDS.values() if kind.repeat is not None]
        return queryset.filter(ended_at=None, kind__in=lasting)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Every member reads what concerns the platform; what concerns none is for superadmins."""

    list_filter = (
        EventFilter,
        ("severity", ChoicesDropdownFilter),
        LastingFilter,
        PlatformFilter,
        ("at", SpanFilter),
    )
    list_filter_submit = True
    list_select_related = ("platform",)
    list_display_links = ("what",)
    list_before_template = "admin/platforms/notice/reading.html"
    ordering = ("-pk",)
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Add the mark of reading before the page of a row, which takes any word."""
        read = path(
            "read/",
            self.admin_site.admin_view(require_POST(self.read)),
            name="platforms_notice_read",
        )
        return [read, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say how far the person has read, and offer to go on from there."""
        person = person_of(request)
        newest = Notice.objects.for_user(person).order_by("-pk").values_list("pk", flat=True)
        context = {
            **(extra_context or {}),
            "title": _("Notices"),
            "newest": newest.first(),
            "unread": bell.unread(person),
            "read_url": reverse("admin:platforms_notice_read"),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def read(self, request: HttpRequest) -> HttpResponse:
        """Mark as read what was on the page when it was shown; what came since stays new."""
        number = request.POST.get("up_to", "")
        if number.isascii() and number.isdecimal() and len(number) < 19:
            bell.mark_read(person_of(request), int(number))
        return redirect("admin:platforms_notice_changelist")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Tell of each notice whether it is new to the person."""
        rows: models.QuerySet[Any] = super().get_queryset(request)
        marked: models.QuerySet[Any] = rows.annotate(is_new=bell.is_new(person_of(request)))
        return marked

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["at", "shown_severity", "what", "over_since"]
        return [*own, "platform"] if several_platforms(request) else own

    @admin.display(description=gettext_lazy("what"))
    def what(self, notice: Notice) -> str:
        """Return what happened, marked where it is new."""
        text = notice_texts.sentence(notice)
        if not getattr(notice, "is_new", False):
            return format_html('<span class="rm-sentence">{}</span>', text)
        new = '<strong class="rm-sentence"><span class="rm-new" title="{}"></span>{}</strong>'
        return format_html(new, _("new"), text)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Show one notice as a whole."""
        return ("at", "shown_severity", "event", "text", "about_name", "over_since", "platform")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Nothing of a notice changes."""
        return self.get_fields(request, obj)

    @admin.display(description=gettext_lazy("what"))
    def text(self, notice: Notice) -> str:
        """Return what happened."""
        return notice_texts.sentence(notice)

    @admin.display(description=gettext_lazy("event"))
    def event(self, notice: Notice) -> str:
        """Return the kind of event."""
        return notice_kinds.title_of(notice.kind)

    @display(description=gettext_lazy("severity"), label=COLOURS, ordering="severity")
    def shown_severity(self, notice: Notice) -> tuple[Any, Any]:
        """Return how grave it is; the good end of a condition is not."""
        kind = KINDS.get(notice.kind)
        if kind is not None and kind.ends:
            return "over", _("over")
        severity = Severity(notice.severity)
        return severity, severity.label

    @admin.display(description=gettext_lazy("over since"))
    def over_since(self, notice: Notice) -> Any:
        """Return when the condition ended; nothing where there is none."""
        return notice.ended_at if notice.ended_at != notice.at else None
