"""Brakes: which are engaged, since when; on the page of one its platform, counted now."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from exporters.models import Exporter
from jobs import brake, braking
from jobs.models import Brake
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.scoped_admin import ReadOnlyAdmin


class EngagedFilter(DropdownFilter):
    """Narrows the list to brakes that let nothing begin now, or to the others."""

    title = gettext_lazy("state")
    parameter_name = "of_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("engaged", _("Engaged")), ("released", _("Released"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen state."""
        if self.value() not in ("engaged", "released"):
            return queryset
        return queryset.filter(engaged=self.value() == "engaged")


@admin.register(Brake)
class BrakeAdmin(ConfirmedDeedsAdmin, ReadOnlyAdmin):
    """Members see what stands still because too much failed at once; nobody can switch it off."""

    list_filter = (EngagedFilter, PlatformFilter)
    list_select_related = ("platform", "exporter")
    list_display_links = ("domain",)
    ordering = ("-engaged", "platform", "-pk")
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["domain", "state", "counted_bad", "limit", "since", "below_since", "counted_at"]
        return [*own, "platform"] if several_platforms(request) else own

    @admin.display(description=gettext_lazy("what it is over"))
    def domain(self, row: Brake) -> str:
        """Return the exporter, or that it is over the whole platform."""
        if row.exporter is not None:
            return str(row.exporter)
        return _("the whole platform %(platform)s") % {"platform": row.platform}

    @display(description=gettext_lazy("state"), label={"engaged": "danger", "released": "success"})
    def state(self, row: Brake) -> tuple[str, str]:
        """Return whether it lets anything begin."""
        return ("engaged", _("engaged")) if row.engaged else ("released", _("released"))

    @admin.display(description=gettext_lazy("bad players"))
    def counted_bad(self, row: Brake) -> str:
        """Return what was counted last."""
        if row.counted_at is None:
            return "–"
        return _("%(bad)s of %(every)s") % {"bad": row.bad, "every": row.enrolled}

    @admin.display(description=gettext_lazy("may be bad"))
    def limit(self, row: Brake) -> str:
        """Return how many may be bad."""
        if row.counted_at is None:
            return "–"
        return str(brake.Count(row.enrolled, min(row.bad, row.enrolled)).limit)

    @admin.display(description=gettext_lazy("since"))
    def since(self, row: Brake) -> Any:
        """Return since when it is what it is."""
        return row.engaged_at if row.engaged else row.released_at

    # -- the page of one ------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Count the players of the platform as the next action would find them."""
        row = self.row_or_404(request, object_id)
        now = timezone.now()
        counted = braking.standing(row.platform_id, now)
        # unscoped: of the platform of a row that was reached by for_user
        names = dict(
            Exporter.objects.filter(pk__in=[e for e in counted if e]).values_list("pk", "name")
        )
        domains = [
            {
                "name": _("the whole platform") if pk is None else names.get(pk, ""),
                "brake": each,
                "count": brake.Count(each.enrolled, each.bad),
                "shut": brake.shut(each, now),
            }
            for pk, each in sorted(counted.items(), key=lambda pair: pair[0] or 0)
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": self.domain(row),
            "title": _("Brakes of %(platform)s") % {"platform": row.platform},
            "platform": row.platform,
            "domains": domains,
            "percent": brake.PERCENT,
            "least": brake.LEAST,
            "hold": int(brake.HOLD.total_seconds() // 60),
        }
        return TemplateResponse(request, "admin/jobs/brake/page.html", context)
