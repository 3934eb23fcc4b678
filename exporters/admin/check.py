"""Check one player now: its vendor is asked once, with the stored settings of its exporter."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from exporters.models import Player
from platforms.scoped_admin import ScopedModelAdmin

from .vendor_questions import ask, fragment, wants_fragment


class CheckPages(ScopedModelAdmin):
    """The button on the page of a player. It is for who may change players, for it asks outside."""

    def get_urls(self) -> list[URLPattern]:
        """Add the check before the page of one player, which takes any word."""
        check = path(
            "<path:object_id>/check/",
            self.admin_site.admin_view(require_POST(self.check_now)),
            name="exporters_player_check",
        )
        return [check, *super().get_urls()]

    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask about the player and show what came, within its page or on one of its own."""
        player = self.get_object(request, object_id)
        if not isinstance(player, Player) or not self.has_view_permission(request, player):
            raise Http404
        if not self.has_change_permission(request, player):
            raise PermissionDenied
        shown = ask(request, player.exporter, player.identity, player)
        if wants_fragment(request):
            return fragment(request, shown)
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "opts": self.opts,
            "title": _("Check now: %(player)s") % {"player": player},
            "back": reverse("admin:exporters_player_change", args=[player.pk]),
        }
        template = "admin/exporters/player/check_page.html"
        return TemplateResponse(request, template, context, status=shown.get("status"))
