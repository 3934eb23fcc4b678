"""The pages on which a SIM, a socket or a player is replaced: each asks first, telling all."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices import player_names, replacement, sockets
from devices.models import Binding, Device, DeviceModel
from devices.phones import PhoneError
from devices.player_names import Named
from devices.replacement import Consequences
from devices.sockets import Refused
from exporters.models import Player
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin

from . import reach


class SimForm(forms.Form):
    """The number of another SIM card."""

    phone = forms.CharField(
        label=gettext_lazy("New phone number"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": "+79123456789", "autocomplete": "off", "inputmode": "tel"}
        ),
    )


class SocketForm(SimForm):
    """Other hardware, with its SIM card."""

    model = forms.ModelChoiceField(
        DeviceModel.objects.filter(withdrawn_at=None),
        label=gettext_lazy("Model"),
        widget=UnfoldAdminSelectWidget,
        empty_label=None,
    )
    field_order = ("model", "phone")


class PlayerForm(forms.Form):
    """A player that goes, and the one that comes: by name, MAC or device id."""

    old = forms.ModelChoiceField(
        Player.objects.none(),
        label=gettext_lazy("Player that goes"),
        widget=UnfoldAdminSelectWidget,
        empty_label=None,
    )
    new = forms.CharField(
        label=gettext_lazy("Player that comes"),
        max_length=255,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Its MAC, device id or whole name; it has to be known here already."
        ),
    )

    def __init__(self, device: Device, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.device = device
        # unscoped: of a socket that was reached by for_user
        hung = Binding.objects.filter(line__device=device, ended_at=None).values("player")
        field: Any = self.fields["old"]
        field.queryset = Player.objects.filter(pk__in=hung).order_by("name", "pk")

    def clean_new(self) -> Named:
        """Find the player on the socket's own platform."""
        text = self.cleaned_data["new"].strip()
        found = player_names.find(self.device.platform_id, [text]).get(text, [])
        if not found:
            raise ValidationError(_("There is no such player on this platform."))
        if len(found) > 1:
            raise ValidationError(
                _("%(count)s players are called like this: write the MAC or the device id.")
                % {"count": len(found)}
            )
        return found[0]

    def clean(self) -> dict[str, Any]:
        """Refuse a player that would take its own place."""
        cleaned: dict[str, Any] = super().clean() or {}
        old, new = cleaned.get("old"), cleaned.get("new")
        if old is not None and new is not None and old.pk == new.pk:
            self.add_error("new", _("That is the player that hangs there now."))
        return cleaned


class ReplacementPages(ConfirmedDeedsAdmin):
    """Replacing, on the page of one socket."""

    def has_replace_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to change it; what is out of use is not replaced any more."""
        return self.has_change_permission(request, self.row_or_404(request, object_id))

    @action(
        description=gettext_lazy("Replace the SIM card"),
        url_path="replace-sim",
        icon="sim_card",
        permissions=["replace"],
    )
    def replace_sim(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the same socket another number."""
        device = self.row_or_404(request, object_id)
        form = SimForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            region = sockets.region_of(device.platform_id, device.gateway)
            sender, phone = reach.sender_of(request), form.cleaned_data["phone"]
            try:
                replacement.new_sim(device, phone, sender, region)
            except (PhoneError, Refused) as error:
                form.add_error("phone", str(error))
            else:
                messages.success(request, _("The number was changed. Commission the socket anew."))
                return self.back_to(device)
        about = _("The socket stays what it is, with its players and its history.")
        told = [about, *_told(replacement.consequences(device, device.model))]
        return self.ask(
            request,
            device,
            title=_("New SIM card: %(socket)s") % {"socket": device},
            text=" ".join(told),
            button=_("Change the number"),
            form=form,
        )

    @action(
        description=gettext_lazy("Replace the socket"),
        url_path="replace",
        icon="swap_horiz",
        permissions=["replace"],
    )
    def replace_socket(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put another socket in the place of this one."""
        device = self.row_or_404(request, object_id)
        form = SocketForm(request.POST or None, initial={"model": device.model_id})
        if request.method == "POST" and form.is_valid():
            region = sockets.region_of(device.platform_id, device.gateway)
            values, sender = form.cleaned_data, reach.sender_of(request)
            try:
                new = replacement.succeed(device, values["model"], values["phone"], sender, region)
            except (PhoneError, Refused) as error:
                form.add_error("phone", str(error))
            else:
                text = _("The new socket took over. Commission it before it is needed.")
                messages.success(request, text)
                return self.back_to(new)
        about = _(
            "This socket is taken out of use with its history. The new one gets its name, site, "
            "notes, players by line, assigned people and pauses. The number may be the same."
        )
        chosen = form.cleaned_data.get("model") if form.is_bound and form.is_valid() else None
        told = [about, *_told(replacement.consequences(device, chosen or device.model))]
        return self.ask(
            request,
            device,
            title=_("Other hardware: %(socket)s") % {"socket": device},
            text=" ".join(told),
            button=_("Replace"),
            danger=True,
            form=form,
        )

    @action(
        description=gettext_lazy("Replace a player"),
        url_path="replace-player",
        icon="tv_signin",
        permissions=["replace"],
    )
    def replace_player(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hang another player where one hangs now."""
        device = self.row_or_404(request, object_id)
        form = PlayerForm(device, request.POST or None)
        if request.method == "POST" and form.is_valid():
            old, named = form.cleaned_data["old"], form.cleaned_data["new"]
            # unscoped: found on the platform of a socket that was reached by for_user
            new = Player.objects.get(pk=named.pk)
            try:
                replacement.swap_players(old, new, reach.sender_of(request))
            except Refused as error:
                form.add_error("old", str(error))
            else:
                text = _("%(new)s hangs there now; the history of %(old)s stays.")
                messages.success(request, text % {"new": new, "old": old})
                return self.back_to(device)
        return self.ask(
            request,
            device,
            title=_("Another player: %(socket)s") % {"socket": device},
            text=_(
                "For a player that was exchanged, so that its MAC is another. The old one hangs on "
                "nothing then and keeps its history; commands under way are not changed."
            ),
            button=_("Replace"),
            form=form,
        )


def _told(would: Consequences) -> list[str]:
    """Say what becomes of commands and of players without a line."""
    told = []
    if would.in_the_way:
        text = ngettext(
            "%(number)s command is on its way or still owed: wait until that is over.",
            "%(number)s commands are on their way or still owed: wait until that is over.",
            len(would.in_the_way),
        )
        told.append(text % {"number": len(would.in_the_way)})
    if would.taken_back:
        text = ngettext(
            "%(number)s command that waits is taken back.",
            "%(number)s commands that wait are taken back.",
            len(would.taken_back),
        )
        told.append(text % {"number": len(would.taken_back)})
    if would.left_over:
        names = ", ".join(str(binding.player) for binding in would.left_over[:10])
        told.append(
            _("The new model has no line for %(names)s: they hang on nothing.") % {"names": names}
        )
    return told
