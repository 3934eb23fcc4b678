"""Any vendor that answers in JSON: what to ask and where to look is written in the settings.

Either one address lists all devices, in pages where its placeholders say so, or each device has
an address of its own. What the mapping does not name is unknown, never offline.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from exporters import macs
from exporters.kinds import echoes, identities, json_paths, strict_json
from exporters.kinds.json_settings import EACH, LIST, SETTINGS
from exporters.kinds.shape import (
    Account,
    Each,
    Kind,
    Listing,
    Page,
    Reading,
    Reason,
    Request,
    SettingsError,
    Status,
    marked as _,
    unknown,
)

OF_A_PAGE = ("offset", "limit", "page", "page0")
OF_A_DEVICE = ("mac", "mac_lower", "mac_dashes", "mac_plain")
SECRET = "secret"  # noqa: S105 (the placeholder's name)
LONGEST_SAID = 100  # characters of a status that nothing is made of
WHOLE_LIST = 2_500  # devices: what bounds the bytes of an answer without pages, about 10 MB
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]*)\}")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e\x80-\xff]*)")
# Names of what opens a door. Everybody on the platform reads headers and addresses, the record
# keeps them for good; a secret has a place of its own.
_OPENS = re.compile(r"(?i)auth(?!or(?!iz))|token|secret|passw|cookie|api[-_]?key|(?:^|[-_])key$")
# Those that say where a request ends or goes are not for settings.
_NO_HEADERS = ("content-length", "transfer-encoding", "connection", "host", "expect")


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request with its placeholders open, but for the secret in the headers."""

    url: str
    method: str
    headers: tuple[str, ...]
    body: str
    secret: str

    def request(self, values: Mapping[str, str]) -> Request:
        body = _filled(self.body, {**values, SECRET: self.secret}, json_text=True)
        url = _filled(self.url, {**values, SECRET: self.secret})
        return Request(
            url, self.method, self.headers, body.encode() if self.method != "GET" else b""
        )


@dataclass(frozen=True, slots=True)
class _Mapping:
    """Where in an answer the devices are, and what of them is where."""

    items: json_paths.Path
    status: json_paths.Path
    identity: json_paths.Path | None
    texts: Mapping[str, json_paths.Path]  # by info label
    statuses: Mapping[str, Status]
    echoes: tuple[str, ...]  # ways to write the secret: what a vendor sends back is not served

    def listed(self, answer: Any) -> list[Any]:
        """Return the devices in an answer; raise MalformedError where there is no place for any.

        A field that was renamed must not look like a list from which all devices are gone.
        """
        try:
            items = self.items.all(answer)
            found = bool(items) or self.items.has_place(answer)
        except json_paths.TooDeepError as error:
            raise strict_json.MalformedError("the answer is nested too deep") from error
        if len(items) == 1 and isinstance(items[0], list):
            return items[0]
        if not found:
            raise strict_json.MalformedError("items_path leads to nothing in the answer")
        return items

    def is_about(self, item: Any, mac: str) -> bool:
        """Tell whether an answer about one device names the one that was asked for.

        A vendor that overlooks the MAC in the address would else speak for all with one device.
        """
        if self.identity is None:
            return True
        try:
            return macs.normalise(_scalar(self.identity.one(item))) == mac
        except ValueError:
            return False

    def reading(self, item: Any) -> Reading:
        """Read one device; a status that the mapping does not name is unknown."""
        info = dict.fromkeys(INFO_LABELS, "")
        for label, path in self.texts.items():
            info[label] = echoes.without(_scalar(path.one(item)), self.echoes)
        said = _scalar(self.status.one(item))
        status = self.statuses.get(said)
        if status is None:
            said = echoes.without(said, self.echoes)[:LONGEST_SAID]
            return unknown(Reason.ODD_STATUS, info)._replace(said=said)
        return Reading(status, "", info)


INFO_LABELS = ("ip", "name")


def _open(account: Account) -> Each | Listing:
    settings = {each.name: each.default for each in SETTINGS} | dict(account.settings)
    mapping, asking = _mapping(settings), _asking(settings)
    used = set(_PLACEHOLDER.findall(asking.url + asking.body))
    if settings["mode"] == EACH:
        if not used & set(OF_A_DEVICE):
            raise SettingsError(_("url needs {mac}, for each device has an address of its own."))
        if used & set(OF_A_PAGE):
            raise SettingsError(_("url has the placeholder of a page, but asks for one device."))
        return Each(partial(_ask_one, asking), partial(_read_one, mapping))
    if used & set(OF_A_DEVICE):
        raise SettingsError(_("url has the placeholder of a device, but asks for the whole list."))
    if mapping.identity is None:
        raise SettingsError(_("id_path is needed: it tells the devices of a list apart."))
    limit = settings["limit"]
    if limit is None and used & set(OF_A_PAGE):
        raise SettingsError(_("limit is needed: the address has pages."))
    size = limit if isinstance(limit, int) else None
    return Listing(
        partial(_ask_page, asking, size), partial(_read_page, mapping, size), size or WHOLE_LIST
    )


def _asking(settings: Mapping[str, Any]) -> _Asking:
    url, body, secret = settings["url"], settings["body"] or "", settings[SECRET] or ""
    if not isinstance(url, str) or not url:
        raise SettingsError(_("url is not set: a superadmin enters the vendor's address."))
    parts = urlsplit(_PLACEHOLDER.sub("0", url))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise SettingsError(_("url has to begin with http:// or https://, without a password."))
    if any(
        _OPENS.search(name) and "{" not in value for name, value in parse_qsl(urlsplit(url).query)
    ):
        raise SettingsError(
            _("url shows a secret to everybody: write {secret} in its place, and enter it apart.")
        )
    if "{" in urlsplit(url).netloc:
        raise SettingsError(_("url may not have a placeholder in the name of the server."))
    headers = [*(settings["headers"] or ())]
    for text in (url, body, *headers):
        if not set(_PLACEHOLDER.findall(text)) <= {*OF_A_PAGE, *OF_A_DEVICE, SECRET, ""}:
            raise SettingsError(
                _(
                    "url has an unknown placeholder, or the headers or the body. Known are {mac},"
                    " {mac_lower}, {mac_dashes}, {mac_plain}, {offset}, {limit}, {page}, {page0}"
                    " and {secret}."
                )
            )
    lines = tuple(_header(line, secret) for line in headers)
    if settings["method"] == "POST" and not any(
        line.lower().startswith("content-type:") for line in lines
    ):
        lines = ("Content-Type: application/json", *lines)
    return _Asking(url, settings["method"], ("Accept: application/json", *lines), body, secret)


def _header(line: object, secret: str) -> str:
    match = _HEADER.fullmatch(line) if isinstance(line, str) else None
    if match is None or match[1].lower() in _NO_HEADERS:
        raise SettingsError(_("headers takes lines such as Authorization: Bearer {secret}"))
    if _OPENS.search(match[1]) and "{secret}" not in match[2]:
        raise SettingsError(
            _("headers show a secret to everybody: write {secret} in its place, enter it apart.")
        )
    filled = f"{match[1]}: {match[2].replace('{secret}', secret)}"
    if not re.fullmatch(r"[\x20-\x7e\x80-\xff]+", filled):
        raise SettingsError(_("secret has a character that a header cannot hold."))
    return filled


def _mapping(settings: Mapping[str, Any]) -> _Mapping:
    online, offline = settings["online_values"] or (), settings["offline_values"] or ()
    if not online or not offline:
        raise SettingsError(_("online_values and offline_values each need a value."))
    if set(online) & set(offline):
        raise SettingsError(_("offline_values has a value that online_values has too."))
    texts = {"name": settings["name_path"], "ip": settings["ip_path"]}
    try:
        items = json_paths.compiled(settings["items_path"] or "$")
        status = json_paths.compiled(settings["status_path"] or "")
        identity = json_paths.compiled(settings["id_path"]) if settings["id_path"] else None
        told = {label: json_paths.compiled(path) for label, path in texts.items() if path}
        # Devices within devices: each of them would be gone through once more for each of these.
        if items.descends and not all(
            path.is_plain for path in (status, identity, *told.values()) if path
        ):
            raise SettingsError(
                _("items_path has '..': the other paths then take names alone, as $.state.code.")
            )
        return _Mapping(
            items,
            status,
            identity,
            told,
            {
                **dict.fromkeys(map(str, online), Status.ONLINE),
                **dict.fromkeys(map(str, offline), Status.OFFLINE),
            },
            echoes.forms([settings[SECRET]] if settings[SECRET] else ()),
        )
    except json_paths.PathError as error:
        raise SettingsError(str(error)) from error


def _ask_one(asking: _Asking, mac: str) -> Request:
    plain = mac.replace(":", "")
    dashes = mac.replace(":", "-")
    told = {"mac": mac, "mac_lower": mac.lower(), "mac_dashes": dashes, "mac_plain": plain}
    return asking.request(told)


def _ask_page(asking: _Asking, limit: int | None, offset: int, page: int) -> Request:
    told = {"offset": offset, "limit": limit or 0, "page": page + 1, "page0": page}
    return asking.request({name: str(number) for name, number in told.items()})


def _read_one(mapping: _Mapping, mac: str, body: bytes) -> Reading:
    try:
        items = mapping.listed(strict_json.read(body))
    except strict_json.MalformedError:
        return unknown(Reason.MALFORMED)
    if len(items) != 1:
        return unknown(Reason.DUPLICATE if items else Reason.NOT_FOUND)
    item = items[0]
    if not isinstance(item, dict) or not mapping.is_about(item, mac):
        return unknown(Reason.MALFORMED)
    return mapping.reading(item)


def _read_page(mapping: _Mapping, limit: int | None, body: bytes) -> Page:
    if mapping.identity is None:
        raise AssertionError("a list without the path of the id is not opened")
    items = mapping.listed(strict_json.read(body))
    readings = []
    for item in items:
        identity = identities.read(mapping.identity.one(item))
        if identity and echoes.without(identity, mapping.echoes) == identity:
            readings.append((identity, mapping.reading(item)))
    if items and not readings:
        raise strict_json.MalformedError("no device of the list has an id where id_path looks")
    return Page(readings, limit is not None and len(items) >= limit, len(items) - len(readings))


def _scalar(value: object) -> str:
    """Return a text as it is, a number or truth value as JSON writes it; else nothing."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""


def _filled(text: str, values: Mapping[str, str], json_text: bool = False) -> str:
    """Put the values in the place of their names, so that none of them can be more than one."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        told = values[match[1]]
        return json.dumps(told)[1:-1] if json_text else quote(told, safe=":")

    return _PLACEHOLDER.sub(value, text)


KIND = Kind(
    name="json",
    title="JSON",
    identity="device_id",
    info_labels=INFO_LABELS,
    port=19103,
    address_variable="",
    default_address="",
    normal_identity=identities.normal,
    open=_open,
    discovers=lambda settings: settings.get("mode", LIST) != EACH,
    settings=SETTINGS,
)
