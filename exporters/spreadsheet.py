"""Players as lines of CSV that a spreadsheet opens without running what a vendor wrote."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from platforms import audit, spreadsheets
from platforms.audit import Action, Actor
from platforms.scoping import Principal

from .description import Device
from .selection import DeviceFilters, scope


def lines(devices: Iterable[Device]) -> Iterator[str]:
    """Return the file: a heading and a line for each player, in the language of this moment."""
    # The answer is streamed after the middleware has put the language away.
    language = translation.get_language() or settings.LANGUAGE_CODE
    return spreadsheets.lines(_heading(), (_told(device, language) for device in devices))


def record_export(principal: Principal, filters: DeviceFilters, actor: Actor) -> None:
    """Write into the record who takes the list of which platforms away, by which filters."""
    asked = {
        "filters": {
            "exporter": filters.exporter_id,
            "site": filters.site_id,
            "status": filters.state,
            "search": filters.search,
        }
    }
    with transaction.atomic():
        for platform_id in scope(principal, filters):
            audit.record(actor, Action.EXPORTED, "devices", platform_id=platform_id, after=asked)


def _heading() -> list[str]:
    return [
        _("Name"), _("MAC or ID"), _("Status"), _("Reason"), _("IP"), _("Outside IP"),
        _("Exporter"), _("Platform"), _("Site"), _("Last known"),
    ]  # fmt: skip


def _told(device: Device, language: str) -> list[str]:
    with translation.override(language):
        return [str(value) for value in _values(device)]


def _values(device: Device) -> list[Any]:
    why = device.verdict.why
    since = timezone.localtime(device.since).isoformat(" ", "seconds") if device.since else ""
    return [
        device.name, device.identity, device.state.label, why.label if why else "", device.ip,
        device.outip, device.exporter_name, device.platform_name, device.site_name, since,
    ]  # fmt: skip
