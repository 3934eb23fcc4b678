"""One command to the sockets chosen in their list: choose it, fill it in, dry run, send."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from devices import bulk, checks, offers
from devices.checks import CommandRefused
from devices.composition import ParametersRefused, TextRefused
from devices.forms_of_commands import CountForm, ParametersForm
from devices.models import CommandTemplate, Device
from devices.templates import Template
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from . import reach
from .agreed import Agreed, KeyRingError, UnreadableError, seal, unseal
from .sending_pages import SendingPages, page_key, typed

SEPARATOR = "."  # between the sockets of an address: a comma would be three characters there


class Chosen(NamedTuple):
    """What an address speaks of: sockets, one command for them, and the key of the page."""

    devices: list[Device]
    template: CommandTemplate
    shape: Template
    page: UUID


class BulkPages(SendingPages):
    """Pages beside the list of commands on which many are made."""

    def get_urls(self) -> list[URLPattern]:
        """Add it before the page of one command, which takes any word."""
        view = self.admin_site.admin_view(self.bulk)
        return [path("bulk/", view, name="devices_command_bulk"), *super().get_urls()]

    def bulk(self, request: HttpRequest) -> HttpResponse:
        """Go from the chosen sockets to what became of each."""
        if not person_of(request).may(Deed.SEND_ASSIGNED):
            raise PermissionDenied
        devices = _devices(request)
        if not devices:
            raise Http404
        page = page_key(request.GET.get("key", ""))
        if page is None:
            return redirect(
                f"{request.path}?{urlencode({**request.GET.dict(), 'key': str(uuid4())})}"
            )
        template_ids = reach.numbers([request.GET.get("template", "")])
        if not template_ids:
            return self._choose(request, devices, page)
        template = reach.template_or_404(request, template_ids[0])
        first = next((each for each in devices if each.model_id == template.model_id), None)
        if first is None:
            raise Http404
        try:
            shape = checks.shape_of(template, first)
        except CommandRefused as error:
            raise Http404 from error
        chosen = Chosen(devices, template, shape, page)
        if request.method == "POST" and "agreed" in request.POST:
            return self._give(request, chosen)
        model = template.model.shape
        ready = request.method == "POST" or not shape.parameters
        form = ParametersForm(model, shape, request.POST if ready else None)
        if ready and form.is_valid():
            pks = tuple(device.pk for device in devices)
            agreed = Agreed(pks, template.pk, form.values, page)
            return self._dry_run(request, chosen, agreed)
        return self._fill_in(request, chosen, form)

    # -- which command, which values ------------------------------------------------------------

    def _choose(self, request: HttpRequest, devices: Sequence[Device], page: UUID) -> HttpResponse:
        person, sender = person_of(request), reach.sender_of(request)
        by_model: dict[int, list[Device]] = {}
        for device in devices:
            by_model.setdefault(device.model_id, []).append(device)
        models = [
            {
                "model": group[0].model,
                "number": len(group),
                "groups": offers.offers(person, group[0], sender),
            }
            for group in by_model.values()
        ]
        query = urlencode({"devices": _written(devices), "key": str(page)})
        context = {"devices": devices, "models": models, "query": query}
        return self.page(request, "bulk_choose.html", {"title": _("Send a command"), **context})

    def _fill_in(self, request: HttpRequest, chosen: Chosen, form: ParametersForm) -> HttpResponse:
        context = {"title": str(chosen.shape.name), **chosen._asdict(), "form": form}
        return self.page(request, "bulk_write.html", {**context, "back": _back(chosen)})

    # -- what would become of each, and the deed ------------------------------------------------

    def _dry_run(
        self,
        request: HttpRequest,
        chosen: Chosen,
        agreed: Agreed,
        refused: str = "",
    ) -> HttpResponse:
        devices, template, shape, _page = chosen
        sender, now = reach.sender_of(request), timezone.now()
        key = agreed.key(shape)
        try:
            plan = bulk.plan(template, devices, agreed.values, sender, now, key)
            sealed = seal(person_of(request), shape, agreed)
        except (CommandRefused, ParametersRefused, TextRefused, KeyRingError) as error:
            form = ParametersForm(template.model.shape, shape, typed(agreed.values))
            form.is_valid()
            form.add_error(None, str(error))
            return self._fill_in(request, chosen, form)
        confirm = CountForm(initial={"agreed": sealed}, demanded=plan.demands_count)
        context = {"plan": plan, "confirm": confirm, "refused": refused, "back": _back(chosen)}
        base = {"title": str(shape.name), **chosen._asdict(), "done": False}
        return self.page(request, "bulk_plan.html", {**base, **context})

    def _give(self, request: HttpRequest, chosen: Chosen) -> HttpResponse:
        devices, template, shape, _page = chosen
        try:
            agreed = unseal(person_of(request), shape, request.POST["agreed"])
        except UnreadableError:
            agreed = None
        pks = tuple(device.pk for device in devices)
        if agreed is None or (agreed.devices, agreed.template) != (pks, template.pk):
            text = _("What you confirmed can no longer be read. Nothing was sent: look again.")
            messages.warning(request, text)
            return redirect(f"{_back(chosen)}&template={template.pk}")
        form = CountForm(request.POST, demanded=True)
        counted = form.cleaned_data.get("counted") if form.is_valid() else None
        sender, now = reach.sender_of(request), timezone.now()
        try:
            plan = bulk.send(
                template, devices, agreed.values, sender, now, agreed.key(shape), counted
            )
        except (CommandRefused, ParametersRefused, TextRefused) as error:
            return self._dry_run(request, chosen, agreed, refused=str(error))
        context: dict[str, Any] = {"plan": plan, "done": True, "back": _back(chosen)}
        return self.page(
            request, "bulk_plan.html", {"title": str(shape.name), **chosen._asdict(), **context}
        )


def bulk_address(devices: Sequence[int]) -> str:
    """Return where a command for these sockets is made."""
    page = reverse("admin:devices_command_bulk")
    return f"{page}?devices={SEPARATOR.join(map(str, devices))}"


def _devices(request: HttpRequest) -> list[Device]:
    asked = reach.numbers(request.GET.get("devices", "").split(SEPARATOR))
    # One more than may be commanded: `bulk` says that these are too many.
    return reach.devices_among(request, asked[: bulk.MOST + 1])


def _written(devices: Sequence[Device]) -> str:
    return SEPARATOR.join(str(device.pk) for device in devices)


def _back(chosen: Chosen) -> str:
    pks = [device.pk for device in chosen.devices]
    return f"{bulk_address(pks)}&key={chosen.page}"
