"""The pages on which a socket is put into service: the checklist, and each step's own question."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from devices import checklist, commissioning
from devices.checks import CommandRefused
from devices.commissioning import Unavailable
from devices.composition import ParametersRefused, TextRefused
from devices.findings import Kind
from devices.models import Device
from devices.preview import Preview, preview
from devices.trials import finding_of
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from . import reach

MOST_TRIALS = 50
NAME = "devices_device_commission"


class PowerForm(forms.Form):
    """Which line loses its power, for how long; and that somebody knows."""

    line = forms.TypedChoiceField(
        label=gettext_lazy("Line"), coerce=int, widget=UnfoldAdminSelectWidget
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes without power"),
        min_value=1,
        max_value=10,
        initial=commissioning.MINUTES,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=gettext_lazy("A vendor may not notice less than two."),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("What hangs on this line may go dark now"),
        widget=UnfoldBooleanSwitchWidget,
        error_messages={"required": gettext_lazy("Confirm that it may go dark now.")},
    )

    def __init__(self, device: Device, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["line"]
        lines = device.lines.order_by("number")
        field.choices = [(each.number, f"{each.number} {each.name}".strip()) for each in lines]
        template = commissioning.template_of(device, Kind.POWER)
        if template is None or all(each.unit != "min" for each in template.shape.parameters):
            del self.fields["minutes"]


class CommissioningPages(ConfirmedDeedsAdmin):
    """Commissioning of one socket."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the steps before the page of one socket, which takes any word."""
        wrap = self.admin_site.admin_view
        base = "<path:object_id>/commission"
        return [
            path(f"{base}/live/", wrap(self.live_commissioning), name=f"{NAME}_live"),
            path(f"{base}/<slug:kind>/begin/", wrap(self.begin_step), name=f"{NAME}_begin"),
            path(f"{base}/<slug:kind>/vouch/", wrap(self.vouch_step), name=f"{NAME}_vouch"),
            *super().get_urls(),
        ]

    def has_commission_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Show how a socket stands to whoever sees it."""
        return bool(self.row_or_404(request, object_id))

    @action(
        description=gettext_lazy("Commissioning"),
        url_path="commission",
        icon="checklist",
        permissions=["commission"],
    )
    def commission(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the checklist, which refreshes itself."""
        device = self.row_or_404(request, object_id)
        context = {**self._around(request, device), **self._checklist_of(request, device)}
        return TemplateResponse(request, "admin/devices/device/commissioning.html", context)

    def live_commissioning(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the part of the checklist that changes, as the page fetches it anew."""
        device = self.row_or_404(request, object_id)
        template = "admin/devices/device/commissioning_live.html"
        answer = render(request, template, self._checklist_of(request, device))
        answer.headers["X-Remosa-Live"] = "1"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def begin_step(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
        """Show what would be sent and what that does; send it."""
        device, step = self._step(request, object_id, kind)
        form = PowerForm(device, request.POST or None) if step is Kind.POWER else None
        if request.method == "POST" and (form is None or form.is_valid()):
            chosen = form.cleaned_data if form is not None else {}
            return self._begin(request, device, step, chosen)
        return self.ask(
            request,
            device,
            title=f"{checklist.TITLES[step.value]}: {device}",
            text=self._what_happens(request, device, step),
            button=_("Send"),
            danger=step is Kind.POWER,
            form=form,
            back=self._checklist_address(device),
        )

    def vouch_step(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
        """Take the person's word for a step."""
        device, step = self._step(request, object_id, kind)
        if request.method == "POST":
            commissioning.vouch(device, step, reach.sender_of(request), timezone.now())
            messages.success(request, _("Noted, with your name."))
            return redirect(self._checklist_address(device))
        return self.ask(
            request,
            device,
            title=f"{checklist.TITLES[step.value]}: {device}",
            text=_(
                "You confirm that you know it yourself: nothing is sent, and your name is kept "
                "with it."
            ),
            button=_("Confirm by hand"),
            back=self._checklist_address(device),
        )

    def _begin(
        self, request: HttpRequest, device: Device, step: Kind, chosen: dict[str, Any]
    ) -> HttpResponse:
        now, sender = timezone.now(), reach.sender_of(request)
        template = commissioning.template_of(device, step)
        line = chosen.get("line")
        try:
            if template is None:
                raise Unavailable(_("This model has no command for that: confirm by hand."))
            minutes = chosen.get("minutes", commissioning.MINUTES)
            gateway = commissioning.gateway_of(device)
            values = commissioning.values_of(template, device, line or 1, minutes, gateway)
            commissioning.begin(device, step, sender, now, values, line)
        except (Unavailable, CommandRefused) as refused:
            messages.error(request, str(refused))
        except (ParametersRefused, TextRefused):
            text = _("The message cannot be made: the gateway's own number may be missing.")
            messages.error(request, text)
        else:
            messages.success(request, _("The message is on its way; this page follows it."))
        return redirect(self._checklist_address(device))

    def _step(self, request: HttpRequest, object_id: str, kind: str) -> tuple[Device, Kind]:
        device: Device = self.row_or_404(request, object_id)
        if kind not in set(Kind):
            raise Http404
        if not self.has_change_permission(request, device):
            raise PermissionDenied
        return device, Kind(kind)

    def _what_happens(self, request: HttpRequest, device: Device, step: Kind) -> str:
        """Say which texts would go out, line by line where lines are switched, and what is dark."""
        template = commissioning.template_of(device, step)
        if template is None:
            return _("This model has no command for that: confirm by hand.")
        told = [str(checklist.ABOUT[step.value])]
        numbers = sorted(device.model.shape.every_line) if step is Kind.POWER else [1]
        sender, gateway = reach.sender_of(request), commissioning.gateway_of(device)
        for number in numbers:
            values = commissioning.values_of(
                template, device, number, commissioning.MINUTES, gateway
            )
            try:
                shown = preview(template, device, values, sender, timezone.now())
            except (CommandRefused, ParametersRefused, TextRefused):
                return _("The message cannot be made: the gateway's own number may be missing.")
            if len(numbers) > 1:
                told.append(_("Line %(number)s:") % {"number": number})
            told += _told(shown)
        return " ".join(dict.fromkeys(told))

    def _checklist_of(self, request: HttpRequest, device: Device) -> dict[str, Any]:
        now, person = timezone.now(), person_of(request)
        # unscoped: of a socket that was reached by for_user
        trials = device.trials.select_related("command", "line").order_by("-pk")[:MOST_TRIALS]
        gateway = commissioning.gateway_of(device)
        sees = person.may(Deed.PHONES, device.platform_id)
        return {
            "device": device,
            "steps": checklist.steps(device, now),
            "trials": [(trial, finding_of(trial)) for trial in trials],
            "may": self.has_change_permission(request, device),
            "gateway_phone": gateway.phone if gateway is not None and sees else "",
            "lacks_phone": gateway is None or not gateway.phone,
            "owns": person.may(Deed.OWN),
            "notes": [str(note) for note in _notes(device)],
        }

    def _around(self, request: HttpRequest, device: Device) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": device,
            "title": _("Commissioning: %(socket)s") % {"socket": device},
            "back": self.page_of(device),
        }

    def _checklist_address(self, device: Device) -> str:
        return reverse("admin:devices_device_commission", args=[device.pk])


def _notes(device: Device) -> tuple[Any, ...]:
    try:
        return device.model.shape.notes
    except KeyError:
        return ()


def _told(shown: Preview) -> list[str]:
    texts = ", ".join(text.shown for text in shown.texts)
    cost = ngettext("%(number)s SMS", "%(number)s SMS", shown.segments)
    told = [
        _("To be sent: %(texts)s (%(cost)s).")
        % {"texts": texts, "cost": cost % {"number": shown.segments}}
    ]
    if shown.dark:
        names = ", ".join(fed.player.title for fed in shown.dark[:10])
        told.append(_("Online now, and about to go dark: %(names)s.") % {"names": names})
    told += [refusal.why for refusal in shown.refusals]
    return told
