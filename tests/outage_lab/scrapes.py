"""What Prometheus stores when it scrapes: the page, the end of what it had before, and `up`."""

from dataclasses import dataclass, field

from .front import Prometheus
from .pages import Process
from .samples import ENDED, Series, body, sample, value


@dataclass
class Scrapes:
    """The scrapes of one Prometheus; `served` is what the last one of each process brought."""

    prometheus: Prometheus
    served: dict[str, dict[Series, float]] = field(default_factory=dict)
    _ups: dict[str, Series] = field(default_factory=dict)

    def of(self, process: Process, page: dict[Series, float] | None, moment: float) -> None:
        """Write the scrape of a page at a Unix time; None: the process did not answer."""
        told, milliseconds = page or {}, int(moment * 1000)
        gone = sample(ENDED, milliseconds)
        texts = {number: sample(value(number), milliseconds) for number in {*told.values()}}
        written = [series.at(texts[number]) for series, number in told.items()]
        before = self.served.get(process.name, {})
        written += [series.at(gone) for series in before if series not in told]
        up = self._ups.setdefault(process.name, Series("up", process.target))
        written.append(up.at(sample(value(float(page is not None)), milliseconds)))
        self.prometheus.write(body(written))
        self.served[process.name] = told

    def forget(self) -> None:
        """Begin anew, as after a restart: what vanished meanwhile is ended by nobody."""
        self.served.clear()
