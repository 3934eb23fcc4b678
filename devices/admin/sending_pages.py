"""The way to one command: choose it, fill it in, see what it would do, send it.

What was shown is what is sent, and once: the page has a key, which stays in its address.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from devices import checks, commands, offers
from devices.checks import CommandRefused
from devices.composition import ParametersRefused, TextRefused
from devices.forms_of_commands import PREFIX, ConfirmForm, ParametersForm
from devices.models import Binding, Command, CommandTemplate, Device
from devices.preview import preview
from devices.templates import Danger, Template
from exporters.models import Player
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

from . import reach
from .agreed import Agreed, KeyRingError, UnreadableError, seal, unseal

PAGES = "admin/devices/command/"


class Asked(NamedTuple):
    """What an address of these pages speaks of; `page` is the key of the page."""

    device: Device
    template: CommandTemplate
    shape: Template
    page: UUID


class SendingPages(ReadOnlyAdmin):
    """Pages beside the list of commands on which one is made."""

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one command, which takes any word."""
        wrap = self.admin_site.admin_view
        form = "send/<int:device_id>/<int:template_id>/"
        return [
            path("send/<int:device_id>/", wrap(self.choose), name="devices_command_send"),
            path(form, wrap(self.write), name="devices_command_write"),
            path("restart/<int:player_id>/", wrap(self.restart), name="devices_command_restart"),
            *super().get_urls(),
        ]

    # -- 1. which command -----------------------------------------------------------------------

    def choose(self, request: HttpRequest, device_id: int) -> HttpResponse:
        """Offer the commands of a socket by what they can do."""
        device = reach.commanded_or_403(request, device_id)
        groups = offers.offers(person_of(request), device, reach.sender_of(request))
        context = {"title": _("Send a command"), "device": device, "groups": groups}
        return self.page(request, "choose.html", context)

    def restart(self, request: HttpRequest, player_id: int) -> HttpResponse:
        """Go to the filled-in command that restarts the power of a player."""
        person = person_of(request)
        players = Player.objects.for_user(person, Deed.SEE).enrolled()
        player = players.filter(pk=min(player_id, reach.LARGEST)).first()
        if player is None:
            raise Http404
        # unscoped: of a player that was reached by for_user
        hung = Binding.objects.filter(player=player, ended_at=None).select_related("line")
        binding = hung.first()
        if binding is None:
            messages.warning(request, _("This player hangs on no socket: nothing can switch it."))
            return redirect("admin:exporters_player_change", player.pk)
        device = reach.commanded_or_403(request, binding.line.device_id)
        found = offers.restart_of(person, device, binding.line.number)
        if found is None:
            messages.warning(request, _("The model of this socket has no command that restarts."))
            return redirect("admin:devices_command_send", device.pk)
        return redirect(address_of(device, found.template, found.values, shown=True))

    # -- 2. its values --------------------------------------------------------------------------

    def write(self, request: HttpRequest, device_id: int, template_id: int) -> HttpResponse:
        """Ask for the values; show what would be sent; send what was shown."""
        device = reach.commanded_or_403(request, device_id)
        template = reach.template_or_404(request, template_id)
        try:
            shape = checks.shape_of(template, device)
        except CommandRefused as error:
            raise Http404 from error
        page = page_key(request.GET.get("key", ""))
        if page is None:
            query = {**request.GET.dict(), "key": str(uuid4())}
            return redirect(f"{request.path}?{urlencode(query)}")
        asked = Asked(device, template, shape, page)
        if request.method == "POST" and "agreed" in request.POST:
            return self._send(request, asked)
        form = _form(request, asked)
        if form.is_bound and form.is_valid():
            agreed = Agreed((device.pk,), template.pk, form.values, page)
            return self._preview(request, asked, agreed)
        return self._write(request, asked, form)

    def _write(self, request: HttpRequest, asked: Asked, form: ParametersForm) -> HttpResponse:
        context = {"title": str(asked.shape.name), **asked._asdict(), "form": form}
        return self.page(request, "write.html", context)

    # -- 3. what it would do, and the deed ------------------------------------------------------

    def _preview(
        self,
        request: HttpRequest,
        asked: Asked,
        agreed: Agreed,
        confirm: ConfirmForm | None = None,
        refused: CommandRefused | None = None,
    ) -> HttpResponse:
        device, template, shape, _page = asked
        person = person_of(request)
        sender = reach.sender_of(request)
        try:
            seen = preview(template, device, agreed.values, sender, timezone.now())
            sealed = seal(person, shape, agreed)
        except (CommandRefused, ParametersRefused, TextRefused, KeyRingError) as error:
            form = ParametersForm(device.model.shape, shape, typed(agreed.values))
            form.is_valid()
            form.add_error(None, str(error))
            return self._write(request, asked, form)
        if confirm is None:
            wanted = device.name if seen.needs_confirmation else None
            confirm = ConfirmForm(initial={"agreed": sealed}, wanted=wanted)
        known = {refusal.code for refusal in seen.refusals}
        context = {
            "title": str(shape.name),
            **asked._asdict(),
            "preview": seen,
            "given": Command.objects.filter(key=agreed.key(shape)).first(),
            "refused": refused if refused is not None and refused.code not in known else None,
            "confirm": confirm,
            "shows_phone": person.may(Deed.PHONES, device.platform_id),
            "change": address_of(device, template, agreed.plain(shape), asked.page)
            if shape.parameters
            else "",
        }
        return self.page(request, "preview.html", context)

    def _send(self, request: HttpRequest, asked: Asked) -> HttpResponse:
        device, template, shape, _page = asked
        sender, now = reach.sender_of(request), timezone.now()
        try:
            agreed = unseal(person_of(request), shape, request.POST["agreed"])
            if (agreed.devices, agreed.template) != ((device.pk,), template.pk):
                raise UnreadableError
            danger = checks.wish(template, device, agreed.values, sender, now).composed.danger
        except (UnreadableError, CommandRefused, ParametersRefused, TextRefused):
            text = _("What you confirmed can no longer be read. Nothing was sent: look again.")
            messages.warning(request, text)
            return redirect(address_of(device, template, {}))
        wanted = device.name if danger is Danger.DESTRUCTIVE else None
        confirm = ConfirmForm(request.POST, wanted=wanted)
        if not confirm.is_valid():
            return self._preview(request, asked, agreed, confirm)
        key = agreed.key(shape)
        given = Command.objects.filter(key=key).exists()
        try:
            command = commands.queue(
                template, device, agreed.values, sender, key, now, confirmed=True
            )
        except CommandRefused as refused:
            return self._preview(request, asked, agreed, refused=refused)
        if given:
            messages.info(request, _("This was given before: nothing was sent a second time."))
        return redirect("admin:devices_command_change", command.pk)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """Answer with one of these pages."""
        base = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"{PAGES}{template}", {**base, **context})


def address_of(
    device: Device,
    template: CommandTemplate,
    values: Mapping[str, str],
    page: UUID | None = None,
    *,
    shown: bool = False,
) -> str:
    """Return the page of a command with these values; `shown` goes on to what it would do.

    Passwords have no place in an address: the caller leaves them out.
    """
    query = typed(values)
    if page is not None:
        query["key"] = str(page)
    if shown:
        query["shown"] = "1"
    place = reverse("admin:devices_command_write", args=[device.pk, template.pk])
    return f"{place}?{urlencode(query)}" if query else place


def typed(values: Mapping[str, str]) -> dict[str, str]:
    """Return values by the names of their fields."""
    return {f"{PREFIX}-{name}": text for name, text in values.items()}


def _form(request: HttpRequest, asked: Asked) -> ParametersForm:
    """Return the form with what was typed, or with what the address fills in."""
    model, shape = asked.device.model.shape, asked.shape
    if request.method == "POST":
        return ParametersForm(model, shape, request.POST)
    plain = {each.name for each in shape.parameters if not each.secret}
    filled = {name: request.GET[f"{PREFIX}-{name}"] for name in plain & _named(request.GET)}
    if "shown" in request.GET or not shape.parameters:
        return ParametersForm(model, shape, typed(filled))
    return ParametersForm(model, shape, initial=filled)


def _named(asked: Mapping[str, Any]) -> set[str]:
    start = f"{PREFIX}-"
    return {name.removeprefix(start) for name in asked if name.startswith(start)}


def page_key(text: str) -> UUID | None:
    """Return the key of a page that an address names."""
    try:
        return UUID(text)
    except ValueError:
        return None
