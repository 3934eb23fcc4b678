"""What vendors list, as Prometheus has it: the devices of exporters, and how their sources stand.

One query a platform, so that both are of one moment. It touches no rows, and it believes what
`promql.selector` believes of this platform.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import metrics, promql
from .asking import FLEET_SECONDS, Ask, Outage
from .observations import FAMILIES
from .prometheus import Sample

_SOURCE = (
    metrics.SOURCE_UP, metrics.SOURCE_LAST_SUCCESS, metrics.SOURCE_TRUNCATED,
    metrics.SOURCE_DROPPED,
)  # fmt: skip


@dataclass(slots=True)
class Listing:
    """What one exporter's vendor lists: identity to name. Where processes differ, the worst."""

    names: dict[str, str] = field(default_factory=dict)
    up: bool | None = None
    whole: bool = True
    last_success: datetime | None = None

    @property
    def proves_absence(self) -> bool:
        """Tell whether a device that is not listed is not there."""
        return self.up is True and self.whole and self.last_success is not None


def take(ask: Ask, platform_id: int, kinds: Mapping[int, str]) -> dict[int, Listing] | Outage:
    """Return what is listed for these exporters (id to kind) of one platform."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for exporter_id, kind in kinds.items():
        by_kind[kind].append(str(exporter_id))
    devices = (
        # Without the other labels: a quarter of the bytes.
        promql.agreed(
            promql.selector(FAMILIES[kind].info, [platform_id], exporter_id=numbers),
            "exporter_id",
            FAMILIES[kind].label,
            "name",
        )
        for kind, numbers in sorted(by_kind.items())
    )
    sources = promql.selector(
        [metric.name for metric in _SOURCE],
        [platform_id],
        exporter_id=[str(number) for number in kinds],
    )
    found = ask.now(promql.union(*devices, sources), FLEET_SECONDS)
    return found if isinstance(found, Outage) else _read(found, kinds)


def _read(found: list[Sample], kinds: Mapping[int, str]) -> dict[int, Listing]:
    listings: dict[int, Listing] = defaultdict(Listing)
    labels_of = {str(number): FAMILIES[kind].label for number, kind in kinds.items()}
    for series in found:
        exporter = series.labels.get("exporter_id", "")
        if exporter not in labels_of:
            continue
        listing = listings[int(exporter)]
        metric = series.labels.get("__name__", "")
        if metric:
            _note(listing, metric, series.value)
        elif identity := series.labels.get(labels_of[exporter], ""):
            name = series.labels.get("name", "")
            listing.names[identity] = max(name, listing.names.get(identity, ""))
    return dict(listings)


def _note(listing: Listing, metric: str, value: float) -> None:
    """Take in a figure of a source; several processes may tell it."""
    if metric == metrics.SOURCE_UP.name:
        listing.up = value == 1 and listing.up is not False
    elif metric == metrics.SOURCE_LAST_SUCCESS.name:
        if 0 < value < 1e11:
            at = datetime.fromtimestamp(value, UTC)
            listing.last_success = min(at, listing.last_success or at)
    elif value:
        listing.whole = False
