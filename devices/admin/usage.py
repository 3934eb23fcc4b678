"""What a platform uses of its limits: SMS by day and month, what is to be expected, as a file."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from devices.ledger import JOBS_PERCENT
from devices.models import BudgetPeriod
from devices.spending import Spending, header, lines, spending
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Platform
from platforms.registry import usage_of_limits
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of
from platforms.spreadsheets import download

COUNTED = ("players_limit", "sockets_limit")


@admin.register(BudgetPeriod)
class BudgetPeriodAdmin(ReadOnlyAdmin):
    """One page for a platform in the place of a list of rows."""

    fields = ("platform", "span", "starts", "limit", "used", "reserved", "beyond", "by_jobs")

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {
            "all": ("remosa/devices.css", "remosa/usage.css")
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the file before the page of a row, which takes any word."""
        view = self.admin_site.admin_view(self.export)
        return [path("export/", view, name="devices_budgetperiod_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the use of one platform, the first by name unless another was chosen."""
        choices, platform = self._chosen(request)
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "media": self.media,
            "title": _("Usage"),
            "choices": choices,
            "platform": platform,
        }
        if platform is not None:
            used = spending(platform, timezone.now())
            context |= {
                "used": used,
                "chart": json.dumps(_chart(used)),
                "options": json.dumps(_OPTIONS),
                "jobs_percent": JOBS_PERCENT,
                "counted": _counted(platform),
            }
        return TemplateResponse(request, "admin/devices/budgetperiod/usage.html", context)

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Give every day and month of a platform as a file."""
        _choices, platform = self._chosen(request)
        if platform is None:
            raise Http404
        actor = Actor.of_request(request)
        audit.record(actor, Action.EXPORTED, "SMS usage", platform_id=platform.pk)
        return download(f"sms-usage-{platform.pk}.csv", header(), lines(platform))

    def _chosen(self, request: HttpRequest) -> tuple[list[tuple[int, str]], Platform | None]:
        """Return the platforms that the person may see, and the one that is asked for."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Platform.objects.for_user(person_of(request), self.see_deed).order_by("name")
        choices = list(rows.values_list("pk", "name"))
        asked = request.GET.get("platform") or (str(choices[0][0]) if choices else "")
        if not choices and not asked:
            return [], None
        if not asked.isascii() or not asked.isdecimal() or len(asked) > 18:
            raise Http404
        counters = {f"used_{name}": make() for name, make in usage_of_limits.items()}
        platform = rows.annotate(**counters).filter(pk=int(asked)).first()
        if platform is None:
            raise Http404
        return choices, platform


def _counted(platform: Platform) -> list[dict[str, Any]]:
    """Return what is counted of a platform besides SMS."""
    titles = {"players_limit": _("Players"), "sockets_limit": _("Sockets")}
    return [
        {
            "title": titles[name],
            "used": getattr(platform, f"used_{name}", None),
            "limit": getattr(platform, name),
        }
        for name in COUNTED
        if name in usage_of_limits
    ]


def _chart(used: Spending) -> dict[str, Any]:
    """Return the last days as bars, in the form of Chart.js."""
    bars = (
        (_("By people"), [day.people for day in used.days], "var(--color-primary-600)"),
        (_("By jobs"), [day.jobs for day in used.days], "var(--color-primary-300)"),
        (_("Beyond the limit"), [day.beyond for day in used.days], "#dc2626"),
    )
    return {
        "labels": [date_format(day.starts, "d.m") for day in used.days],
        "datasets": [
            {"label": label, "data": data, "backgroundColor": colour, "stack": "sms"}
            for label, data, colour in bars
        ],
    }


_TICKS = {"color": "#9ca3af", "maxRotation": 0, "autoSkip": True}
_OPTIONS: dict[str, Any] = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "plugins": {"legend": {"display": True, "position": "bottom", "labels": {"boxWidth": 12}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}, "ticks": _TICKS},
        "y": {
            "stacked": True,
            "beginAtZero": True,
            "grid": {"display": True},
            "ticks": {"color": "#9ca3af", "precision": 0},
        },
    },
}
