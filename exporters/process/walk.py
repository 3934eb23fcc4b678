"""A walk through a vendor's list, page by page, and which devices it leaves a source with.

Pure: sends nothing. Paging is documented by few vendors, so nothing of it is taken for granted.
"""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from exporters.kinds.shape import Page, Reading, Reason, unknown

MOST_PAGES = 10_000
MOST_DROPPED = 10  # times as many as a source may have are counted, no more
SHRUNK = 0.5  # of the devices known: a list shorter than that is not believed at once
TIMES = 3  # such a list must come in a row


class Found(NamedTuple):
    """What one answer said of one device, and when it came."""

    reading: Reading
    at: float


class Walk:
    """The pages of one poll. `truncated`: the vendor has more devices than it lists.

    `cap`: how long the vendor's pages are known to be at most, whatever limit is asked for.
    `doubts`: look once behind a page that is not full, for the vendor may have such a cap.
    """

    def __init__(self, most_devices: int, cap: int | None = None, *, doubts: bool = False) -> None:
        self.found: dict[str, Found] = {}
        self.duplicates: set[str] = set()
        self.dropped = 0  # devices beyond `most_devices`
        self.rejected = 0  # entries without an identity that could be used
        self.truncated = False
        self.is_over = False
        self.is_doubting = False  # what was asked for last may lie behind the end
        self.offset = self.pages = 0
        self.cap = cap
        self._doubts = doubts
        self._length = 0  # of the last page
        self._most = most_devices
        self._last: frozenset[str] = frozenset()

    def take(self, page: Page, now: float) -> None:
        """Take in the page at `offset`; then the walk is over, or `offset` is the next one's."""
        self.pages += 1
        listed = Counter(identity for identity, _reading in page.readings)
        if self.is_doubting:
            self.is_doubting = False
            if all(identity in self.found for identity in listed):
                self.is_over = True
                return
            self.cap = self._length
        self._length = len(page.readings) + page.rejected
        is_full = page.is_full or (self.cap is not None and self._length >= self.cap)
        if self.offset and listed and all(self._was_there(identity) for identity in listed):
            # The vendor ignores the offset: what comes behind this page cannot be asked for.
            # Nothing does behind one that is not full.
            self.truncated, self.is_over = is_full, True
            return
        self.rejected += page.rejected
        for identity, reading in page.readings:
            if listed[identity] > 1:
                self.duplicates.add(identity)
                reading = unknown(Reason.DUPLICATE, reading.info)  # noqa: PLW2901 (narrowed)
            self._keep(identity, Found(reading, now))
        self._last = frozenset(listed)
        self.offset += self._length
        endless = self.pages >= MOST_PAGES or self.dropped >= MOST_DROPPED * self._most
        self.truncated = is_full and endless
        self.is_doubting = not is_full and self._doubts and self._length > 0
        self._doubts = False
        self.is_over = not (is_full or self.is_doubting) or self.truncated

    def _was_there(self, identity: str) -> bool:
        return identity in self.found or identity in self._last

    def _keep(self, identity: str, found: Found) -> None:
        before = self.found.get(identity)
        if before is None:
            if len(self.found) < self._most:
                self.found[identity] = found
            elif identity not in self._last:
                self.dropped += 1
        elif identity in self.duplicates or not _is_alike(before.reading, found.reading):
            self.duplicates.add(identity)
            twofold = unknown(Reason.DUPLICATE, found.reading.info)
            self.found[identity] = Found(twofold, found.at)
        else:  # it moved from page to page meanwhile
            self.found[identity] = found


def _is_alike(one: Reading, other: Reading) -> bool:
    """Tell whether two pages seem to tell of one device, and not of two that share an id."""
    return (one.status, one.info) == (other.status, other.info)


class Roster:
    """Which devices a source has, by the vendor's lists so far. `missing` are kept for now."""

    def __init__(self) -> None:
        self.missing: frozenset[str] = frozenset()
        self._absent: frozenset[str] = frozenset()  # in each of the shrunken lists in a row
        self._times = 0

    def settle(self, known: Collection[str], walk: Walk) -> list[str]:
        """Return the devices that are gone for good, after a walk that went to its end."""
        absent = frozenset(identity for identity in known if identity not in walk.found)
        if walk.truncated or walk.dropped:
            # Which devices a list shows that is cut off may change from poll to poll.
            self.missing = absent
            return []
        shrank = len(known) - len(absent) < SHRUNK * len(known)
        if not shrank:
            self.missing, self._times = frozenset(), 0
            return list(absent)
        self._absent = absent & self._absent if self._times else absent
        self._times += 1
        gone = self._absent if self._times >= TIMES else frozenset()
        self.missing = absent - gone
        if gone:
            self._times = 0
        return list(gone)
