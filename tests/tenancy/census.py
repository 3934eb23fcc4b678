"""Every address of Remosa, found by walking the resolver, with its ids filled in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.tenancy.sockets import TEMPLATE_ID
from tests.tenancy.world import SEES

TABLE = Path(__file__).with_name("routes.txt")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
PAGE_METHODS = ("GET", "POST")
ID = re.compile(r"<(?:path:object_id|id:pk|int:pk|pk|id|int:device_id|int:player_id)>")
LINE = re.compile(r"(?P<codes>[\d ]+)  (?P<method>[A-Z]+) +/(?P<place>.*)")
MODEL = re.compile(r"^admin/(platforms|exporters|devices|jobs|django_celery_beat)/(\w+)/")
# Names in an address that say another row than the folder does.
MODEL_OF_NAME = {"<int:device_id>": "devices.device", "<int:player_id>": "exporters.player"}
MODEL_OF_API = {
    "exporter-macs": "exporters.exportermac",
    "exporters": "exporters.exporter",
    "monitored-devices": "exporters.player",
    "exporter-processes": "exporters.exporterprocess",
    "approvals": "jobs.jobexecution",
    "assignments": "devices.assignment",
    "bindings": "devices.binding",
    "brakes": "jobs.brake",
    "command-templates": "devices.commandtemplate",
    "commands": "devices.command",
    "device-models": "devices.devicemodel",
    "devices": "devices.device",
    "episodes": "jobs.episode",
    "incoming-messages": "devices.incomingsms",
    "job-executions": "jobs.jobexecution",
    "job-pauses": "jobs.jobpause",
    "jobs": "jobs.job",
    "maintenance-windows": "jobs.maintenancewindow",
    "metrics": "jobs.monitoringmetric",
    "notices": "platforms.notice",
    "notification-channels": "platforms.notificationchannel",
    "pauses": "devices.pause",
    "power-outages": "devices.poweroutage",
    "platforms": "platforms.platform",
    "sms-gateways": "devices.smsgateway",
    "sites": "platforms.site",
}
# Addresses whose variable part is no number of a row.
FILLED = {
    "invitations/<str:token>/": "invitations/not-a-secret/",
    "password-reset/<uidb64>/<token>/": "password-reset/MQ/not-a-token/",
    "api/v1/sms-gateways/<str:key>/webhook": "api/v1/sms-gateways/no-such-key/webhook",
    "api/v1/sms-gateways/<str:key>/webhook/": "api/v1/sms-gateways/no-such-key/webhook/",
    "admin/(?P<url>.*)$": "admin/no/such/page/",
}
APPLICATIONS = "admin/^(?P<app_label>"
# Parts that are no id of the row that an address is about.
PARTS = {"<slug:kind>": "query", "<int:template_id>": str(TEMPLATE_ID)}


@dataclass(frozen=True)
class Route:
    """One address pattern; ``model`` is the label of the row that its id names, "" without."""

    pattern: str
    model: str

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that stand in the table for it."""
        return API_METHODS if self.pattern.startswith("api/") else PAGE_METHODS

    @property
    def place(self) -> str:
        """Where it stands in the table; the API's twin with a slash at its end has no own line."""
        return self.pattern.removesuffix("/") if self.pattern.startswith("api/") else self.pattern

    def path(self, number: object = "") -> str:
        """Return the address with the id filled in."""
        if self.pattern in FILLED:
            return "/" + FILLED[self.pattern]
        if self.pattern.startswith(APPLICATIONS):
            return "/admin/platforms/"
        path = self.pattern
        for part, value in PARTS.items():
            path = path.replace(part, value)
        return "/" + ID.sub(str(number), path)


def routes() -> list[Route]:
    """Return every route of the application, in the resolver's order, each once."""
    found = dict.fromkeys(pattern for pattern, _view in patterns(get_resolver().url_patterns))
    return [Route(pattern, _model_of(pattern)) for pattern in found]


def twins() -> set[str]:
    """Return the addresses of the API that are another one with a slash at its end."""
    places = {route.pattern for route in routes()}
    return {place for place in places if place.endswith("/") and place.removesuffix("/") in places}


def patterns(
    entries: list[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the address pattern and the view of every route below."""
    for entry in entries:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, here)
        else:
            yield here, entry.callback


def _model_of(pattern: str) -> str:
    found = ID.search(pattern)
    if found is None:
        return ""
    if found[0] in MODEL_OF_NAME:
        return MODEL_OF_NAME[found[0]]
    if page := MODEL.match(pattern):
        return f"{page[1]}.{page[2]}"
    return MODEL_OF_API[pattern.removeprefix("api/v1/").partition("/")[0]]


def columns(method_and_place: tuple[str, str]) -> list[str]:
    """Return whose statuses the line of an address has; for pages a token is no login at all."""
    if method_and_place[0].startswith("api/"):
        return list(SEES)
    return [caller for caller in SEES if not caller.startswith("token:")]


def read_table() -> dict[tuple[str, str], dict[str, int]]:
    """Return (address, method) -> caller -> expected status, on rows of platform A."""
    table: dict[tuple[str, str], dict[str, int]] = {}
    for line in TABLE.read_text().splitlines() if TABLE.exists() else ():
        if not line or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        assert found, f"this is no line of the table: {line}"
        place = (found["place"], found["method"])
        codes = dict(zip(columns(place), map(int, found["codes"].split()), strict=True))
        anonymous = codes["anonymous"]
        table[place] = {caller: codes.get(caller, anonymous) for caller in SEES}
    return table
