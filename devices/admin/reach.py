"""Finds what the addresses of sending pages speak of, within the reach of the person. Else 404."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from devices.models import CommandTemplate, Device
from devices.senders import Sender
from devices.templates import Danger
from platforms.audit import Actor
from platforms.roles import Deed
from platforms.scoped_fields import person_of

LARGEST = 2**63 - 1  # an id that both databases know


def sender_of(request: HttpRequest) -> Sender:
    """Return the person behind a request as a sender."""
    return Sender(Actor.of_request(request), person_of(request))


def device_or_404(request: HttpRequest, device_id: int, *, retired: bool = False) -> Device:
    """Return a socket that the person can see; foreign and random ids look the same."""
    rows = Device.objects.for_user(person_of(request), Deed.SEE)
    rows = (rows if retired else rows.in_use()).select_related("platform", "model", "site")
    device: Device | None = rows.filter(pk=_known(device_id)).first()
    if device is None:
        raise Http404
    return device


def commanded_or_403(request: HttpRequest, device_id: int) -> Device:
    """Return a socket to which the person may send anything at all."""
    device = device_or_404(request, device_id)
    if not sender_of(request).may(Danger.NONE, device):
        raise PermissionDenied
    return device


def template_or_404(request: HttpRequest, template_id: int) -> CommandTemplate:
    """Return a template that the person can see and that can be sent."""
    rows = CommandTemplate.objects.for_user(person_of(request), Deed.SEE).offered()
    template: CommandTemplate | None = (
        rows.select_related("model").filter(pk=_known(template_id)).first()
    )
    if template is None:
        raise Http404
    return template


def devices_among(request: HttpRequest, ids: Sequence[int]) -> list[Device]:
    """Return those of the sockets that the person can see, by name."""
    rows: Any = Device.objects.for_user(person_of(request), Deed.SEE).in_use()
    rows = rows.filter(pk__in=[pk for pk in ids if pk <= LARGEST])
    return list(rows.select_related("platform", "model", "site").order_by("name", "pk"))


def numbers(texts: Sequence[str]) -> list[int]:
    """Return the numbers among some texts of an address."""
    return [int(each) for each in texts if each.isascii() and each.isdecimal() and len(each) < 19]


def _known(number: int) -> int:
    if number > LARGEST:
        raise Http404
    return number
