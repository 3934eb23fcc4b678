"""The old metric names, for dashboards that have not moved yet. Off by default.

They know a device by its name alone. Two devices of a platform with one name would be one
series with two values, so neither is served.
"""

import math
from collections import Counter
from collections.abc import Iterable

from exporters import metrics
from exporters.process.fleet import Fleet
from exporters.process.gzip_stream import Ready
from exporters.process.snapshot import Exposition


class LegacyNames:
    """Stands among the fleets of an exposition and repeats what they serve."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def expire(self, _now: float) -> float:
        """Return never: the fleets themselves drop what is too old."""
        return math.inf

    def chunks(self, family: str) -> Iterable[Ready]:
        """Return the lines of one of the two old families."""
        if family not in (metrics.LEGACY_STATUS.name, metrics.LEGACY_INFO.name):
            return ()
        fleets = [fleet for fleet in self._exposition.fleets if isinstance(fleet, Fleet)]
        known = [
            (str(fleet.figures.platform_id), info, online)
            for fleet in fleets
            for _identity, info, online in fleet.known()
        ]
        times = Counter((platform_id, info["name"]) for platform_id, info, _online in known)
        lines = []
        for platform_id, info, online in known:
            labels = {"name": info["name"], "ip": info.get("ip", ""), "platform_id": platform_id}
            if not info["name"] or times[platform_id, info["name"]] > 1:
                continue
            if family == metrics.LEGACY_INFO.name:
                lines.append(metrics.LEGACY_INFO.line(labels, 1))
            elif online is not None:
                lines.append(metrics.LEGACY_STATUS.line(labels, online))
        return (Ready.of(b"".join(lines)),)
