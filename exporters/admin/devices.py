"""The device page: the list of players, its live part, its CSV, and the page of one player.

Players come from MAC addresses; here only a name and a site are edited. The list is no change
list of Django's: its rows are described by `live`, a whole page at once.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from exporters import enrolment, live, spreadsheet
from exporters.lending import player_panels
from exporters.models import Player, PlayerSource
from platforms.audit import Actor
from platforms.models import Site
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .check import CheckPages
from .dashboard import figures
from .device_list import list_context, read_filters


@admin.register(Player)
class PlayerAdmin(CheckPages):
    """Players as Prometheus sees them."""

    may_add = False
    may_delete = False
    fields = ("name", "site")
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/exporters/player/detail.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}
        js: ClassVar[tuple[str, ...]] = ("remosa/live.js", "remosa/vendor_questions.js")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the watched players of the person; retired ones are history."""
        rows: Any = super().get_queryset(request)
        watched: models.QuerySet[Any] = rows.enrolled().select_related(
            "platform", "exporter", "site", "mac"
        )
        return watched

    def get_urls(self) -> list[URLPattern]:
        """Add the live parts and the CSV before the page of one player, which takes any word."""
        wrap = self.admin_site.admin_view
        return [
            path("live/", wrap(self.live_list), name="exporters_player_live"),
            path("overview/", wrap(self.live_overview), name="exporters_player_overview"),
            path("export/", wrap(self.export), name="exporters_player_export"),
            path(
                "<path:object_id>/live/",
                wrap(self.live_detail),
                name="exporters_player_live_one",
            ),
            *super().get_urls(),
        ]

    # -- the list -------------------------------------------------------------------------------

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show a page of players with search, filters and order."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Devices"),
            **self._list(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/exporters/player/change_list.html", context)

    def live_list(self, request: HttpRequest) -> HttpResponse:
        """Return the list alone, as the page fetches it anew."""
        return _fragment(request, "admin/exporters/player/list.html", self._list(request))

    def live_overview(self, request: HttpRequest) -> HttpResponse:
        """Return the figures of the first page, as it fetches them anew."""
        context = figures(person_of(request))
        return _fragment(request, "admin/exporters/player/overview.html", context)

    def _list(self, request: HttpRequest) -> dict[str, Any]:
        person = person_of(request)
        if not self.has_view_permission(request):
            raise Http404
        return list_context(person, request.GET)

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Stream all matching players as CSV, with an audit line for each platform."""
        person, filters = person_of(request), read_filters(request.GET)
        if not self.has_view_permission(request):
            raise Http404
        spreadsheet.record_export(person, filters, Actor.of_request(request))
        return StreamingHttpResponse(
            spreadsheet.lines(live.every_device(person, filters)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="remosa-devices.csv"'},
        )

    # -- one player -----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one player: state, reason, the last day, every sample; and the form."""
        player = self._player(request, object_id)
        context = {
            **(extra_context or {}),
            "title": _("Device"),
            "detail": live.device_detail(player),
            "player": player,
            "owns": person_of(request).may(Deed.OWN),
            "panels": _panels(request, player),
            "show_save_and_add_another": False,
        }
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def live_detail(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the live part of the page of one player."""
        player = self._player(request, object_id)
        context = {
            "detail": live.device_detail(player),
            "player": player,
            "owns": person_of(request).may(Deed.OWN),
            "panels": _panels(request, player),
        }
        return _fragment(request, "admin/exporters/player/detail_live.html", context)

    def _player(self, request: HttpRequest, object_id: str) -> Player:
        player = self.get_object(request, object_id)
        if not isinstance(player, Player) or not self.has_view_permission(request, player):
            raise Http404
        return player

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Leave the name of a player that the vendor lists to the vendor."""
        listed = isinstance(obj, Player) and obj.source == PlayerSource.DISCOVERED
        return ["name"] if listed else []

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Offer the sites of the player's own platform alone."""
        form = super().get_form(request, obj, change=change, **kwargs)
        field = form.base_fields.get("site")
        if isinstance(field, forms.ModelChoiceField) and isinstance(obj, Player):
            # unscoped: of the platform of a player that was reached by for_user
            field.queryset = Site.objects.filter(platform_id=obj.platform_id)
        return form

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Save site and name; a typed player is named by its MAC row, which exporters read."""
        with transaction.atomic():
            mac = getattr(obj, "mac", None)
            if mac is not None and "name" in form.changed_data:
                enrolment.change(mac, {"name": obj.name}, Actor.of_request(request))
            super().save_model(request, obj, form, change)


def _panels(request: HttpRequest, player: Player) -> list[str]:
    """Return what the applications above tell of a player."""
    return [panel(person_of(request), player) for panel in player_panels.values()]


def _fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a part of a page; the header tells it from a login page."""
    answer = render(request, template, context)
    answer.headers["X-Remosa-Live"] = "1"
    answer.headers["Cache-Control"] = "no-store"
    return answer
