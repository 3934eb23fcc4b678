"""CubicMedia: one request per player, answered by a JSON list with one object."""

from functools import partial
from urllib.parse import quote

from exporters import macs
from exporters.kinds import strict_json
from exporters.kinds.shape import Account, Each, Kind, Reading, Reason, Request, Status, unknown

HEADERS = ("Accept: application/json",)
# The info labels and the vendor's own names for them.
FIELDS = {"ip": "ip", "name": "name", "outip": "outIp"}
STATUSES = {"online": Status.ONLINE, "offline": Status.OFFLINE}


def _open(account: Account) -> Each:
    """Ask the address with the MAC behind it."""
    return Each(partial(_ask, account.address), _read)


def _ask(address: str, mac: str) -> Request:
    # A colon stays as it is: a query may hold it (RFC 3986, 3.4) and the vendor documents it so.
    # Everything else that is special gets quoted, so that no identity can add a parameter.
    return Request(address + quote(mac, safe=":"), headers=HEADERS)


def _read(_mac: str, body: bytes) -> Reading:
    """Read the answer for one MAC; what is not exactly understood is unknown."""
    try:
        players = strict_json.read(body)
    except strict_json.MalformedError:
        return unknown(Reason.MALFORMED)
    if not isinstance(players, list):
        return unknown(Reason.MALFORMED)
    if not players:
        return unknown(Reason.NOT_FOUND)
    if len(players) > 1:
        return unknown(Reason.DUPLICATE)
    player = players[0]
    if not isinstance(player, dict):
        return unknown(Reason.MALFORMED)
    info = {label: _text(player.get(field)) for label, field in FIELDS.items()}
    status = player.get("status")
    known = STATUSES.get(status) if isinstance(status, str) else None
    return unknown(Reason.ODD_STATUS, info) if known is None else Reading(known, "", info)


def _text(value: object) -> str:
    """Return a text; the vendor may leave out a field or send null."""
    return value if isinstance(value, str) else ""


KIND = Kind(
    name="cubic",
    title="CubicMedia",
    identity="mac",
    info_labels=tuple(FIELDS),
    port=19101,
    address_variable="EXTERNAL_API_BASE_URL",
    default_address="https://vision-cms-api.cubicservice.ru/api/v0.1/players/status-check?mac=",
    normal_identity=macs.normalise,
    open=_open,
    discovers=lambda _settings: False,
)
