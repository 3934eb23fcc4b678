"""What a tick works on: one criterion on one source, with what is found out. Decides nothing."""

from dataclasses import dataclass, field
from functools import cached_property

from exporters.models import Exporter

from .questions import Asked, Source
from .track_rows import KeptClock, KeptTrack
from .verdicts import Verdict, Why
from .watching import Watch, source_of


@dataclass
class Pair:
    """One criterion on one source, in one tick.

    `met` is for whom it may hold, with the value of the first question; `verdicts` what was proven,
    by identity. `whole`: everybody was looked at; `steady`: nobody looked at them, and they are as
    they were.
    """

    watch: Watch
    exporter: Exporter
    kept: KeptClock
    restless: list[KeptTrack] = field(default_factory=list)
    why: Why | None = None
    counts: list[int] = field(default_factory=list)
    met: dict[str, float] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    steady: set[str] = field(default_factory=set)
    whole: bool = False
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)  # of whom processes say different things

    @cached_property
    def asked(self) -> list[Asked]:
        """Return what is asked of the source."""
        return self.watch.asked_of(self.exporter)

    @property
    def source(self) -> Source:
        """Return the source as labels name it."""
        return source_of(self.exporter)
