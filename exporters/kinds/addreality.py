"""AddReality: one paged list of all devices of a platform, asked for with that platform's token."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from exporters.kinds import identities, strict_json
from exporters.kinds.shape import (
    NOTHING,
    Account,
    Kind,
    Listing,
    Page,
    Reading,
    Reason,
    Request,
    Setting,
    SettingsError,
    SettingType,
    Status,
    Value,
    marked as _,
    unknown,
)

LIMIT = 300  # devices a page, what the vendor's own examples ask for
STATUSES = {"online": Status.ONLINE, "offline": Status.OFFLINE}
PLAYER_STATUSES = {"playback": 1.0, "pause": 0.0}
TEXTS = ("name", "player_version", "time_zone")
# A header is one line: a token with a line break in it could add others.
_TOKEN = re.compile(r"[\x21-\x7e]+")
_EARLIEST, _LATEST = 0.0, 253402300799.0  # the years 1970 to 9999


def _open(account: Account) -> Listing:
    """Ask the address with the platform's token."""
    token, limit = account.settings.get("api_token"), account.settings.get("limit") or LIMIT
    if not isinstance(token, str) or not token:
        raise SettingsError(_("api_token is not set: enter the token of this platform's account."))
    if not _TOKEN.fullmatch(token):
        raise SettingsError(_("api_token holds a space or a letter that no token has."))
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise SettingsError(_("limit has to be a whole number, 1 or more."))
    headers = (
        "Content-Type: application/json",
        "Accept: application/json",
        f"X-API-Token: {token}",
    )
    return Listing(partial(_ask, account.address, headers, limit), partial(_read, limit), limit)


def _ask(address: str, headers: tuple[str, ...], limit: int, offset: int, _page: int) -> Request:
    body: dict[str, object] = {"id": [], "limit": limit}
    if offset:  # not documented; the first page is asked for in the documented way
        body["offset"] = offset
    return Request(address, "POST", headers, json.dumps(body).encode())


def _read(limit: int, body: bytes) -> Page:
    answer = strict_json.read(body)
    items = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise strict_json.MalformedError("no list of devices in the field data")
    readings = []
    for item in items:
        identity = identities.read(item.get("id")) if isinstance(item, dict) else ""
        if identity:
            readings.append((identity, _reading(item)))
    if items and not readings:
        raise strict_json.MalformedError("no device of the list has an id")
    return Page(readings, len(items) >= limit, len(items) - len(readings))


def _reading(item: Mapping[str, object]) -> Reading:
    info = {label: _text(item.get(label)) for label in TEXTS}
    active = item.get("activation_state")
    info["activation_state"] = str(active).lower() if isinstance(active, bool) else ""
    values = _values(item)
    state = item.get("connection_state")
    status = STATUSES.get(state) if isinstance(state, str) else None
    if status is None:
        return unknown(Reason.ODD_STATUS, info)._replace(values=values)
    return Reading(status, "", info, values)


def _values(item: Mapping[str, object]) -> Mapping[str, float]:
    values = {}
    playing = item.get("player_status")
    if isinstance(playing, str) and playing in PLAYER_STATUSES:
        values["player_status"] = PLAYER_STATUSES[playing]
    moment = _moment(item.get("last_online"))
    if moment is not None:
        values["last_online_timestamp_seconds"] = moment
    return values or NOTHING


def _moment(value: object) -> float | None:
    """Return the Unix time of an ISO 8601 text; one without a zone is UTC. None: no such text."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if _EARLIEST <= seconds <= _LATEST else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


KIND = Kind(
    name="addreality",
    title="AddReality",
    identity="device_id",
    info_labels=("activation_state", *TEXTS),
    port=19102,
    address_variable="ADDREALITY_API_URL",
    default_address="https://api.ar.digital/public/v1/device/list",
    normal_identity=identities.normal,
    open=_open,
    discovers=lambda _settings: True,
    settings=(
        Setting(
            "api_token",
            _("API token"),
            SettingType.SECRET,
            help=_("The token of this platform's AddReality account."),
            required=True,
        ),
        Setting(
            "limit",
            _("devices a page"),
            SettingType.WHOLE,
            help=_("How many devices one answer may hold. Empty: 300."),
            default=LIMIT,
            limits=(1, 10_000),
        ),
    ),
    values=(
        Value("player_status", "Whether the player plays (1) or pauses (0); absent while unknown."),
        Value("last_online_timestamp_seconds", "When the vendor last saw the device online."),
    ),
)
