"""The pages of one socket: what it looks like now, players to be found for it, and its end."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action
from unfold.enums import ActionVariant

from devices import pauses, sockets
from devices.forms_of_devices import players_for
from devices.line_states import age, badge
from devices.models import Binding, Command, Device
from devices.senders import Sender
from platforms.audit import Actor
from platforms.roles import Deed
from platforms.scoped_admin import LONGEST_SEARCH
from platforms.scoped_fields import person_of

from . import device_list
from .commissioning_pages import CommissioningPages
from .import_pages import ImportPages
from .outage_pages import OutagePages
from .replacement_pages import ReplacementPages
from .sending_buttons import SendingButtons

PAGE_OF_PLAYERS = 20
HEXADECIMAL = frozenset("0123456789ABCDEFabcdef")
MARKS = str.maketrans("", "", " :-.")


class DevicePages(ImportPages, CommissioningPages, ReplacementPages, OutagePages, SendingButtons):
    """What stands around the form of a socket."""

    may_delete = False  # it is taken out of use; its history stays
    actions_detail: ClassVar[Any] = (
        "command",
        "conversation",
        "commission",
        {
            "title": gettext_lazy("More"),
            "icon": "more_horiz",
            # All side by side, they would push the path out of the head of the page.
            "items": (
                *("pause", "mains_back", "replace_sim", "replace_socket", "replace_player"),
                "retire",
            ),
        },
    )
    change_form_outer_before_template = "admin/devices/device/detail.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the search for players before the page of one socket, which takes any word."""
        view = self.admin_site.admin_view(self.players_found)
        address = path("<path:object_id>/players/", view, name="devices_device_players")
        return [address, *super().get_urls()]

    # -- what it looks like now -----------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the socket as it is above its form."""
        device = self.row_or_404(request, object_id)
        context = {**(extra_context or {}), "title": _("Socket"), **self._detail(request, device)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def _detail(self, request: HttpRequest, device: Device) -> dict[str, Any]:
        person, now = person_of(request), timezone.now()
        (row,) = device_list.furnish([device], person)
        lines: list[Any] = row.shown_lines  # type: ignore[attr-defined]
        # unscoped: of a socket that was reached by for_user
        hung = Binding.objects.filter(line__in=lines, ended_at=None).select_related("player")
        players: dict[int, list[Any]] = {line.pk: [] for line in lines}
        for binding in hung.order_by("player__name", "pk")[:200]:
            players[binding.line_id].append(binding.player)
        return {
            "device": row,
            "device_lines": [
                {
                    "line": line,
                    "badge": badge(line),
                    "age": age(line.told_at, now),
                    "players": players[line.pk],
                }
                for line in lines
            ],
            "heard": age(device.heard_at, now),
            "outages": self.outages_of(device),
            "may_end_outage": self.has_mains_back_permission(request, str(device.pk)),
            "mains": age(device.mains_lost_at, now),
            "shows_phone": person.may(Deed.PHONES, device.platform_id),
        }

    # -- players to hang on it ------------------------------------------------------------------

    def players_found(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """Answer the box that looks for players: those of the socket's own platform alone."""
        device = self.row_or_404(request, object_id)
        if not self.has_change_permission(request, device):
            raise PermissionDenied
        rows = players_for(device, person_of(request)).order_by("name", "pk")
        term = request.GET.get("term", "").strip()[:LONGEST_SEARCH]
        if term:
            found = models.Q(name__icontains=term) | models.Q(identity__icontains=term)
            if HEXADECIMAL.issuperset(digits := term.translate(MARKS)) and digits:
                pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
                found |= models.Q(identity__icontains=":".join(pairs))
            rows = rows.filter(found)
        asked = request.GET.get("page", "1")
        page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1
        first = max(page - 1, 0) * PAGE_OF_PLAYERS
        shown = list(rows[first : first + PAGE_OF_PLAYERS + 1])
        # unscoped: of players that were reached by for_user
        hung = Binding.objects.filter(player__in=shown, ended_at=None).select_related(
            "line__device"
        )
        places = {row.player_id: str(row.line) for row in hung}
        results = [
            {"id": str(player.pk), "text": _described(player, places.get(player.pk, ""))}
            for player in shown[:PAGE_OF_PLAYERS]
        ]
        more = len(shown) > PAGE_OF_PLAYERS
        return JsonResponse({"results": results, "pagination": {"more": more}})

    # -- deeds ----------------------------------------------------------------------------------

    def has_pause_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Offer a pause to who may command the socket."""
        device = self.row_or_404(request, object_id)
        sender = Sender(Actor.of_request(request), person_of(request))
        return device.retired_at is None and pauses.may(sender, device.platform, device)

    @action(
        description=gettext_lazy("Pause"),
        url_path="pause",
        icon="pause_circle",
        permissions=["pause"],
    )
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the form of a pause of this socket."""
        device = self.row_or_404(request, object_id)
        return redirect(f"{reverse('admin:devices_pause_add')}?device={device.pk}")

    def has_retire_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to change it; what is out of use cannot be taken out again."""
        return self.has_change_permission(request, self.row_or_404(request, object_id))

    @action(
        description=gettext_lazy("Take out of use"),
        url_path="retire",
        icon="delete_sweep",
        permissions=["retire"],
        variant=ActionVariant.DANGER,
    )
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first, telling what becomes of players, phone and commands."""
        device = self.row_or_404(request, object_id)
        if request.method == "POST":
            sockets.retire(device, Actor.of_request(request))
            text = _("%(socket)s was taken out of use.") % {"socket": device}
            messages.success(request, text)
            return redirect("admin:devices_device_changelist")
        return self.ask(
            request,
            device,
            title=_("Take %(socket)s out of use?") % {"socket": device},
            text=_what_becomes(device),
            button=_("Take out of use"),
            danger=True,
        )


def _described(player: Any, place: str) -> str:
    name = f"{player.name} · {player.identity}" if player.name else player.identity
    return f"{name} ({_('now on %(line)s') % {'line': place}})" if place else name


def _what_becomes(device: Device) -> str:
    # unscoped: of a socket that was reached by for_user
    hung = Binding.objects.filter(line__device=device, ended_at=None).count()
    waiting = Command.objects.open().filter(device=device).count()
    parts = [_("Its phone number becomes free for another socket; its history stays.")]
    if hung:
        text = ngettext(
            "%(number)s player then hangs on no socket.",
            "%(number)s players then hang on no socket.",
            hung,
        )
        parts.append(text % {"number": hung})
    if waiting:
        text = ngettext(
            "%(number)s command that is still open will not be sent.",
            "%(number)s commands that are still open will not be sent.",
            waiting,
        )
        parts.append(text % {"number": waiting})
    return " ".join(parts)
