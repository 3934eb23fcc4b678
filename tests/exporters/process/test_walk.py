"""Walks through lists: whom they find, and which devices a source is left with."""

import pytest

from exporters.kinds.shape import Page, Reading, Reason, Status
from exporters.process.walk import MOST_PAGES, Roster, Walk

ONLINE, OFFLINE = Reading(Status.ONLINE), Reading(Status.OFFLINE)
NAMED = Reading(Status.ONLINE, "", {"name": "Other"})


def page(*identities: str, limit: int = 3, rejected: int = 0, reading: Reading = ONLINE) -> Page:
    is_full = len(identities) + rejected >= limit
    return Page([(identity, reading) for identity in identities], is_full, rejected)


def walked(*pages: Page, most: int = 100) -> Walk:
    """Take pages as long as the walk wants them; all of them must be wanted."""
    walk = Walk(most)
    for number, each in enumerate(pages):
        assert not walk.is_over, f"page {number} is not asked for"
        walk.take(each, float(number))
    return walk


def numbered(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


WALKS = {
    "no device at all": ([page()], "", False),
    "one page that is not full": ([page("1", "2")], "12", False),
    "a full page and an empty one": ([page("1", "2", "3"), page()], "123", False),
    "a full page and a rest": ([page("1", "2", "3"), page("4")], "1234", False),
    "a vendor that ignores the offset": ([page("1", "2", "3"), page("1", "2", "3")], "123", True),
    "one that ignores it, in another order": (
        [page("1", "2", "3"), page("3", "1", "2")],
        "123",
        True,
    ),
    "one that begins anew behind its last page": (
        [page("1", "2", "3"), page("4", "5", "6"), page("1", "2", "3")],
        "123456",
        True,
    ),
    "one that repeats its last page": (
        [page("1", "2", "3"), page("4", "5", "6"), page("4", "5", "6")],
        "123456",
        True,
    ),
    "one that ignores the limit and then the offset": (
        [page(*"12345"), page(*"12345")],
        "12345",
        True,
    ),
    "a list that shifts by one meanwhile": ([page("1", "2", "3"), page("3", "4")], "1234", False),
    "one that shifts so that only old ones are left": (
        [page("1", "2", "3"), page("3")],
        "123",
        False,
    ),
    "one that shrinks to a page while it ignores the offset": (
        [page("1", "2", "3"), page("1", "2")],
        "123",
        False,
    ),
    "entries without an id fill a page too": (
        [page("1", "2", rejected=1), page("4", rejected=1)],
        "124",
        False,
    ),
}


@pytest.mark.parametrize("case", WALKS)
def test_a_walk_finds_all_that_is_listed_and_tells_when_there_is_more(case: str) -> None:
    pages, found, truncated = WALKS[case]
    walk = walked(*pages)
    assert walk.is_over
    assert "".join(walk.found) == found
    assert walk.truncated is truncated
    assert walk.duplicates == set()


def test_the_next_page_begins_behind_all_entries_of_the_last() -> None:
    walk = walked(page("1", "2", rejected=1), page("3", "4", "5"))
    assert walk.offset == 6
    assert walk.rejected == 1


def test_what_was_seen_on_two_pages_counts_as_it_was_seen_last() -> None:
    later = ONLINE._replace(values={"last_online_timestamp_seconds": 2.0})
    walk = walked(page("1", "2", "3"), page("3", "4", reading=later))
    assert walk.found["3"] == (later, 1.0)


def test_two_devices_with_one_id_in_a_page_are_both_unknown() -> None:
    walk = walked(Page([("1", ONLINE), ("2", ONLINE), ("1", ONLINE)], False))
    assert walk.duplicates == {"1"}
    assert walk.found["1"].reading == Reading(Status.UNKNOWN, Reason.DUPLICATE.value)
    assert walk.found["2"].reading == ONLINE


@pytest.mark.parametrize("second", [OFFLINE, NAMED])
def test_two_pages_that_disagree_about_an_id_tell_of_two_devices(second: Reading) -> None:
    walk = walked(page("1", "2", "3"), page("3", "4", reading=second))
    assert walk.duplicates == {"3"}
    assert walk.found["3"].reading.reason == Reason.DUPLICATE


def test_an_id_that_stood_twice_stays_unknown_whatever_a_later_page_says() -> None:
    walk = walked(page("1", "1", "2"), page("1", "3", "4"), page("1", "5"))
    assert walk.found["1"].reading.reason == Reason.DUPLICATE


def test_devices_beyond_the_cap_are_dropped_and_counted() -> None:
    walk = walked(page("1", "2", "3"), page("4", "5", "6"), page("7"), most=4)
    assert "".join(walk.found) == "1234"
    assert walk.dropped == 3
    assert not walk.truncated


def test_a_vendor_that_ignores_the_offset_is_found_out_above_the_cap_too() -> None:
    walk = walked(page(*numbered(1, 9), limit=9), page(*numbered(1, 9), limit=9), most=4)
    assert walk.is_over
    assert walk.truncated
    assert walk.dropped == 5


def test_a_list_without_an_end_is_not_counted_for_ever() -> None:
    walk, number = Walk(30), 0
    while not walk.is_over:
        walk.take(page(*numbered(number, number + 2)), 0)
        number += 3
    assert walk.pages == 110
    assert walk.truncated
    assert (len(walk.found), walk.dropped) == (30, 300)


def test_a_list_of_endless_pages_ends_somewhere() -> None:
    walk = Walk(10**9)
    while not walk.is_over:
        walk.take(page(str(walk.pages), limit=1), 0)
    assert walk.pages == MOST_PAGES
    assert walk.truncated


# -- the roster ---------------------------------------------------------------------------------


def settle(roster: Roster, known: str, listed: str, truncated: bool = False) -> str:
    """Return who is gone."""
    walk = walked(page(*listed, limit=1000))
    walk.truncated = truncated
    return "".join(sorted(roster.settle(list(known), walk)))


def test_a_device_that_is_no_longer_listed_is_gone_at_once() -> None:
    assert settle(Roster(), "1234", "124") == "3"
    assert settle(Roster(), "1234", "12") == "34"  # a half is no more than a half


def test_a_list_that_shrank_by_more_than_half_is_believed_the_third_time_in_a_row() -> None:
    roster = Roster()
    assert settle(roster, "1234", "1") == ""
    assert roster.missing == frozenset("234")
    assert settle(roster, "1234", "1") == ""
    assert settle(roster, "1234", "1") == "234"
    assert roster.missing == frozenset()


def test_a_list_that_recovers_begins_the_count_anew() -> None:
    roster = Roster()
    for _time in range(2):
        assert settle(roster, "1234", "1") == ""
    assert settle(roster, "1234", "1234") == ""
    assert roster.missing == frozenset()
    for _time in range(2):
        assert settle(roster, "1234", "1") == ""
    assert settle(roster, "1234", "1") == "234"


def test_only_devices_that_every_shrunken_list_left_out_are_gone() -> None:
    roster = Roster()
    assert settle(roster, "123456", "1") == ""
    assert settle(roster, "123456", "23") == ""
    assert settle(roster, "123456", "1") == "456"
    assert roster.missing == frozenset("23")


def test_a_list_that_shrinks_to_nothing_is_not_believed_at_once_either() -> None:
    roster = Roster()
    assert [settle(roster, "1234", "") for _time in range(3)] == ["", "", "1234"]
    assert settle(roster, "", "") == ""


def test_the_only_device_of_an_account_is_kept_for_two_lists_too() -> None:
    roster = Roster()
    assert [settle(roster, "1", "") for _time in range(3)] == ["", "", "1"]


def test_nobody_is_gone_while_a_list_is_cut_off() -> None:
    roster = Roster()
    for _time in range(5):
        assert settle(roster, "1234", "12", truncated=True) == ""
    assert roster.missing == frozenset("34")


def test_nobody_is_gone_while_devices_are_dropped() -> None:
    walk = walked(page(*"5678", limit=100), most=3)
    roster = Roster()
    assert roster.settle(list("1234"), walk) == []
    assert roster.missing == frozenset("1234")


DOUBTS = {
    "a vendor whose pages are shorter than the limit": (
        [page("1", "2", limit=9), page("3", "4", limit=9), page("5", limit=9)],
        "12345",
        2,
    ),
    "one with a page that ends with the list": (
        [page("1", "2", limit=9), page("3", "4", limit=9), page(limit=9)],
        "1234",
        2,
    ),
    "one with nothing behind its page": ([page("1", "2"), page()], "12", None),
    "one that ignores the offset": ([page("1", "2"), page("2", "1")], "12", None),
    "one that lists nobody": ([page()], "", None),
}


@pytest.mark.parametrize(("pages", "found", "cap"), DOUBTS.values(), ids=DOUBTS)
def test_a_walk_that_doubts_looks_behind_the_end(
    pages: list[Page], found: str, cap: int | None
) -> None:
    walk = Walk(100, doubts=True)
    for each in pages:
        assert not walk.is_over
        walk.take(each, 0.0)
    assert ("".join(walk.found), walk.cap, walk.is_over, walk.truncated) == (
        found,
        cap,
        True,
        False,
    )


def test_a_known_cap_needs_no_doubt() -> None:
    walk = Walk(100, 2)
    walk.take(page("1", "2", limit=9), 0.0)
    assert (walk.is_over, walk.is_doubting) == (False, False)
    walk.take(page("3", limit=9), 0.0)
    assert (walk.is_over, list(walk.found)) == (True, ["1", "2", "3"])
