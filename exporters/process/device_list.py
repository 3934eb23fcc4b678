"""The device list as Remosa's REST API tells it: which requests to make, how to read answers.

Pure, but for the token in a header: sends nothing. Anything doubtful raises ListError, and the
list that was there before stays.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode

from exporters.kinds import strict_json
from exporters.kinds.shape import Kind, Request
from exporters.process.sharding import WHOLE, Shard
from exporters.process.transfers import Answer

LIST_LIMIT = 64 * 1024 * 1024  # bytes; 100,000 devices take about 16 MB
LIST_TIMEOUT = 60.0  # seconds in all
MESSAGE_LIMIT = 200  # characters of Remosa's own error message
PROBLEMS_SHOWN = 5


class ListError(Exception):
    """Remosa gave no list that can be used; the text says why and what to do."""


class Entry(NamedTuple):
    """One exporter as Remosa configures it."""

    exporter_id: int
    platform_id: int
    name: str
    enabled: bool
    configuration: Mapping[str, object]


@dataclass(slots=True)
class Devices:
    """Identity to name of every device, by (exporter_id, platform_id); and what was odd."""

    by_exporter: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)
    duplicates: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return the number of devices."""
        return sum(map(len, self.by_exporter.values()))


class Api:
    """Makes the requests to one Remosa with one token."""

    def __init__(self, base: str, token: str, kind: Kind, platform_id: int | None) -> None:
        self._base = base
        self._headers = (f"Authorization: Bearer {token}", "Accept: application/json")
        asked = {"exporter_type": kind.name}
        if platform_id is not None:
            asked["platform_id"] = str(platform_id)
        self._query = urlencode(asked)

    def exporters(self, etag: str) -> Request:
        """Ask for the exporters and their settings, if they changed since `etag`."""
        return self._get("platform-exporters", etag)

    def devices(self, etag: str) -> Request:
        """Ask for the devices, if they changed since `etag`."""
        return self._get("exporter-macs", etag)

    def announce(
        self, instance: str, kind: str, port: int, host: str, version: str, scheme: str = "http"
    ) -> Request:
        """Tell Remosa where Prometheus finds this process, and how when it is not by http."""
        told = {"kind": kind, "instance": instance, "port": port, "version": version}
        if host:
            told["host"] = host
        if scheme != "http":
            told["scheme"] = scheme
        body = json.dumps(told).encode()
        headers = (*self._headers, "Content-Type: application/json")
        return Request(f"{self._base}/exporter-processes/announce", "POST", headers, body)

    def _get(self, what: str, etag: str) -> Request:
        headers = (*self._headers, f"If-None-Match: {etag}") if etag else self._headers
        return Request(f"{self._base}/{what}?{self._query}", headers=headers)


def check(answer: Answer) -> None:
    """Raise ListError unless Remosa answered 200 or 304."""
    if answer.failure:
        raise ListError(f"Remosa did not answer: {answer.failure} ({answer.detail})")
    if answer.code in (200, 304):
        return
    said = _message(answer.body)
    if answer.code in (401, 403):
        raise ListError(
            f"Remosa refuses the token (HTTP {answer.code}{said}); "
            "check REMOSA_API_TOKEN (its kind, its platform, its expiry)"
        )
    if 300 <= answer.code < 400:
        raise ListError(
            f"Remosa answered with a redirect (HTTP {answer.code}), which is not followed: the"
            " token could leak; check REMOSA_API_URL, for example http or https"
        )
    if answer.code == 404:
        raise ListError(f"There is no Remosa at REMOSA_API_URL (HTTP 404{said})")
    raise ListError(f"Remosa answered HTTP {answer.code}{said}")


def announced_at(answer: Answer) -> str:
    """Return the address at which Remosa will have this process scraped."""
    try:
        return str(strict_json.read(answer.body)["address"])[:MESSAGE_LIMIT]
    except (strict_json.MalformedError, LookupError, TypeError):
        return "an address that Remosa did not tell"


def read_exporters(body: bytes) -> list[Entry]:
    """Read the answer of `Api.exporters`; one bad entry spoils it all."""
    entries = []
    for row in _rows(body):
        match row:
            case {"exporter_id": int(exporter_id), "platform_id": int(platform_id)}:
                told = row.get("configuration")
                name = row.get("name")
                entry = Entry(
                    exporter_id,
                    platform_id,
                    name if isinstance(name, str) else "",
                    row.get("enabled") is not False,
                    told if isinstance(told, dict) else {},
                )
                entries.append(entry)
            case _:
                raise ListError("Remosa's list of exporters has an entry without ids")
    return entries


def read_devices(body: bytes, kind: Kind, shard: Shard = WHOLE) -> Devices:
    """Read the shard's part of an answer of `Api.devices`; bad entries are left out and told."""
    devices = Devices()
    others = 0
    for row in _rows(body):
        match row:
            case {"exporter_id": int(exporter_id), "platform_id": int(platform_id)}:
                pass
            case _:
                devices.rejected.append("an entry without ids")
                continue
        try:
            identity = kind.normal_identity(str(row.get("mac")))
        except ValueError:
            devices.rejected.append(f"{str(row.get('mac'))[:40]!r} of exporter {exporter_id}")
            continue
        if not shard.takes(identity):
            others += 1
            continue
        name = row.get("name")
        names = devices.by_exporter.setdefault((exporter_id, platform_id), {})
        if identity in names:
            devices.duplicates.append(f"{identity} of exporter {exporter_id}")
        else:
            names[identity] = name if isinstance(name, str) else ""
    if devices.rejected and not devices.by_exporter and not others:
        raise ListError(f"Remosa's device list has no usable entry, only {devices.rejected[0]}")
    return devices


def told_problems(devices: Devices) -> Iterator[str]:
    """Yield a line for a person about each sort of oddity in the list."""
    for what, which in (
        ("twice in one exporter, polled once", devices.duplicates),
        ("left out, not an address of a device", devices.rejected),
    ):
        if which:
            more = len(which) - PROBLEMS_SHOWN
            shown = ", ".join(which[:PROBLEMS_SHOWN]) + (f" and {more} more" if more > 0 else "")
            yield f"{len(which)} in the device list {what}: {shown}"


def _rows(body: bytes) -> Iterator[dict[str, object]]:
    """Yield the objects of a list, which as a whole would take 100 MB for 100,000 devices."""
    try:
        for row in strict_json.entries(body):
            if not isinstance(row, dict):
                raise ListError("Remosa's answer is no JSON list of objects")
            yield row
    except strict_json.MalformedError as error:
        raise ListError(f"Remosa's answer is cut short or no JSON list ({error})") from error


def _message(body: bytes) -> str:
    """Return what Remosa says in its error body, if it says something."""
    try:
        error = strict_json.read(body)["error"]
        return f": {str(error['message'])[:MESSAGE_LIMIT]}"
    except (strict_json.MalformedError, LookupError, TypeError):
        return ""
