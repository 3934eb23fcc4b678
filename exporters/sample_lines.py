"""The lines that an exporter process serves of one reading, for a person to look at. Pure.

The process itself writes them piece by piece (process/fleet.py); a test holds both together.
"""

from . import metrics
from .kinds.shape import Kind, Reading, Status


def lines(
    kind: Kind, exporter_id: int, platform_id: int, identity: str, reading: Reading, name: str
) -> str:
    """Return the samples of a device whose last answer was `reading`; `name` is Remosa's own."""
    own = {
        "exporter_id": str(exporter_id),
        "platform_id": str(platform_id),
        kind.identity: identity,
    }
    found: list[bytes] = []
    if reading.status is Status.UNKNOWN:
        family = metrics.device_unknown(kind.name, kind.identity)
        found.append(family.line({**own, "reason": reading.reason}, 1))
    else:
        family = metrics.device_status(kind.name, kind.identity)
        found.append(family.line(own, reading.status is Status.ONLINE))
    for value in kind.values:
        if value.name in reading.values:
            family = metrics.device_value(kind.name, kind.identity, value.name, value.help)
            found.append(family.line(own, reading.values[value.name]))
    if reading.info is not None:
        told = {label: reading.info.get(label, "") for label in kind.info_labels}
        family = metrics.device_info(kind.name, kind.identity, kind.info_labels)
        found.append(family.line({**told, "name": told.get("name") or name, **own}, 1))
    return b"".join(found).decode()
