"""Ready bytes: made anew only where something changed, and never older than allowed."""

import math
from collections.abc import Iterable

from hypothesis import given, strategies

from exporters.process.gzip_stream import Ready
from exporters.process.snapshot import CHUNK_LINES, Exposition, Section


def test_a_section_packs_only_the_chunks_that_changed() -> None:
    section = Section()
    for slot in range(3 * CHUNK_LINES):
        section.put(slot, b"%d\n" % slot)
    before = list(section.ready())
    section.put(CHUNK_LINES + 5, b"new\n")
    section.put(2 * CHUNK_LINES, b"%d\n" % (2 * CHUNK_LINES))  # as it was
    after = section.ready()
    assert [new is old for new, old in zip(after, before, strict=True)] == [True, False, True]
    assert b"new\n" in after[1].plain


PUTS = strategies.tuples(
    strategies.integers(0, 2 * CHUNK_LINES), strategies.sampled_from([b"", b"a\n", b"longer\n"])
)


@given(strategies.lists(strategies.lists(PUTS, max_size=8), max_size=5))
def test_whatever_is_put_where_and_when_the_bytes_are_the_lines_in_order(
    rounds: list[list[tuple[int, bytes]]],
) -> None:
    section, lines = Section(), [b""] * (2 * CHUNK_LINES + 1)
    for puts in rounds:
        for slot, line in puts:
            assert section.put(slot, line) == (lines[slot] != line)
            lines[slot] = line
        assert b"".join(ready.plain for ready in section.ready()) == b"".join(lines)


class Lines:
    """A fleet with one line that becomes too old at `expiry`."""

    def __init__(self, line: bytes, expiry: float) -> None:
        self.line, self.expiry = line, expiry

    def expire(self, now: float) -> float:
        if now >= self.expiry:
            self.line, self.expiry = b"", math.inf
        return self.expiry

    def chunks(self, family: str) -> Iterable[Ready]:
        return (Ready.of(self.line),) if family == "status" else ()


def test_a_scrape_gets_the_same_bytes_until_a_part_of_them_is_too_old() -> None:
    now = [0.0]
    exposition = Exposition([("status", b"# TYPE status gauge\n")], lambda: now[0])
    exposition.fleets += [Lines(b"status 1\n", 10), Lines(b"status 2\n", 20)]
    first = exposition.publish()
    now[0] = 9.9
    assert exposition.current() is first
    now[0] = 10.0
    second = exposition.current()
    assert [part.plain for part in second.parts] == [b"# TYPE status gauge\n", b"status 2\n"]
    assert second.next_expiry == 20
    assert len(first.parts) == 3  # whoever is being sent the first still gets all of it


def test_families_of_all_sources_stand_together() -> None:
    exposition = Exposition([("status", b"A\n"), ("info", b"B\n")], lambda: 0.0)
    exposition.fleets += [Lines(b"one\n", math.inf), Lines(b"two\n", math.inf)]
    text = b"".join(part.plain for part in exposition.publish().parts)
    assert text == b"A\none\ntwo\nB\n"
