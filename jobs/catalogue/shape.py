"""What can be asked of a player: one metric, in whose series it stands, and its words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from devices.words import Words

NO_WORDS: Mapping[float, Words] = MappingProxyType({})


class Category(StrEnum):
    """What metrics are about; `found` ones were met in Prometheus, and nobody described them."""

    AVAILABILITY = "availability"
    PLAYBACK = "playback"
    FOUND = "found"


class Series(NamedTuple):
    """A name in Prometheus, the kind of exporter that serves it, the label of its players.

    The kind is empty where the page is no exporter's of a kind.
    """

    name: str
    kind: str
    label: str


@dataclass(frozen=True)
class Metric:
    """One metric. It is of one kind of exporter, or of every kind: then ``kind`` is empty.

    ``values`` are words for the only values there are. With ``age`` the samples are Unix times,
    and what is compared is how many seconds ago they were.
    """

    name: str  # the technical one, by which conditions know it
    kind: str
    category: Category
    series: tuple[Series, ...]
    title: Words
    help: Words
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: Mapping[float, Words] = field(default_factory=lambda: NO_WORDS)
    age: bool = False

    @property
    def identity(self) -> str:
        """Return the label that names a player; empty where each kind has its own."""
        labels = {each.label for each in self.series}
        return labels.pop() if len(labels) == 1 else ""

    @property
    def is_status(self) -> bool:
        """Tell whether it says of a player whether it is online; 0 is offline."""
        return self.in_catalogue and self.name.endswith("device_status")

    @property
    def in_catalogue(self) -> bool:
        return self.category is not Category.FOUND


def found(name: str, kind: str, label: str) -> Metric:
    """Return a metric that was met in Prometheus: it has no words but its name."""
    words = Words(name, name)
    return Metric(name, kind, Category.FOUND, (Series(name, kind, label),), words, Words("", ""))
