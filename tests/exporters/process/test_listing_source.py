"""A source whose vendor lists its devices, against a real one: paging, truth, removal."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from exporters.kinds import KINDS
from exporters.kinds.shape import Account, Listing
from exporters.process.device_list import Devices, Entry
from exporters.process.schedule import Settings
from exporters.process.sources import Sources
from tests.exporters.process.addreality_web import TOKEN, AddReality, device, devices, page
from tests.exporters.process.one_source import OneSource, polling, until
from tests.exporters.process.web import Handler, Web

ADDREALITY = KINDS["addreality"]
Make = Callable[..., OneSource]


@pytest.fixture
def make(addreality_web: Web) -> Iterator[Make]:
    """Make a source that asks for pages of 10 and is not begun yet."""
    with polling() as poller:

        def made(most_devices: int = 100_000) -> OneSource:
            told = {"api_token": TOKEN, "limit": 10}
            source = OneSource(ADDREALITY, addreality_web.url, told, poller, most_devices)
            source.settings = Settings(0.3, 1, 10, 60)
            return source

        yield made


def failing(handler: Handler) -> None:
    handler.send(500, b"")


def garbled(handler: Handler) -> None:
    handler.send(200, page(devices(10))[:-2])


def polls(addreality: AddReality) -> int:
    return addreality.asked[TOKEN, 0]


def next_polls(addreality: AddReality, count: int = 2) -> None:
    """Wait until as many further polls have begun, so that one less has ended."""
    begun = polls(addreality)
    until(lambda: polls(addreality) >= begun + count)


def test_it_asks_for_page_after_page_until_one_is_not_full(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(25)
    source = make()
    source.start(interval=60)
    until(lambda: source.online == 25)
    assert dict(addreality.asked) == {(TOKEN, 0): 1, (TOKEN, 10): 1, (TOKEN, 20): 1}
    assert len(source.learned) == 25
    assert not source.fleet.figures.truncated


def test_a_list_that_ends_with_a_full_page_costs_one_empty_page(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(20)
    source = make()
    source.start(interval=60)
    until(lambda: source.fleet.figures.up is not None)
    assert source.online == 20
    assert addreality.asked[TOKEN, 20] == 1
    assert not source.fleet.figures.truncated


def test_a_removed_device_is_gone_at_the_next_poll(make: Make, addreality: AddReality) -> None:
    addreality.accounts[TOKEN] = devices(25)
    source = make()
    source.start()
    until(lambda: source.online == 25)
    del addreality.accounts[TOKEN][3]
    next_polls(addreality, 1)
    until(lambda: source.forgotten == ["51004"])
    assert source.online == 24


def test_what_came_before_a_page_that_fails_counts_and_nobody_is_removed(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(25)
    source = make()
    source.start()
    until(lambda: source.online == 25)
    # Devices 1 to 3 are gone and 5 is offline; but the second page cannot be read.
    addreality.accounts[TOKEN] = [device(5, connection_state="offline"), *devices(25)[5:]]
    for fault, reason in ((failing, "http_5xx"), (garbled, "malformed")):
        addreality.faults[TOKEN, 10] = fault
        until(lambda reason=reason: source.fleet.figures.errors[reason] >= 2)  # type: ignore[misc]
    assert source.fleet.figures.devices["offline"] == 1
    assert source.online == 24
    assert source.forgotten == []
    addreality.faults.clear()
    until(lambda: len(source.forgotten) == 4)
    assert source.fleet.figures.devices["offline"] == 1


def test_a_vendor_that_ignores_the_offset_is_found_out_and_told(
    make: Make, addreality: AddReality, caplog: pytest.LogCaptureFixture
) -> None:
    addreality.accounts[TOKEN] = devices(35)
    addreality.ignores_offset = True
    source = make()
    with caplog.at_level(logging.INFO):
        source.start()
        until(lambda: source.fleet.figures.truncated)
        next_polls(addreality)
    assert source.online == 10
    assert caplog.text.count("lists no more than 10 devices") == 1
    assert polls(addreality) - addreality.asked[TOKEN, 10] <= 1
    addreality.ignores_offset = False
    until(lambda: source.online == 35)
    assert not source.fleet.figures.truncated


def test_a_truncated_list_removes_nobody(make: Make, addreality: AddReality) -> None:
    addreality.accounts[TOKEN] = devices(35)
    source = make()
    source.start()
    until(lambda: source.online == 35)
    addreality.ignores_offset = True
    until(lambda: source.fleet.figures.truncated)
    next_polls(addreality, 4)
    assert source.forgotten == []
    assert len(source.fleet.devices) == 35
    assert source.fleet.figures.missing == 25


def test_a_list_that_shrinks_by_more_than_half_is_believed_the_third_time(
    make: Make, addreality: AddReality, caplog: pytest.LogCaptureFixture
) -> None:
    addreality.accounts[TOKEN] = devices(25)
    source = make()
    source.start()
    until(lambda: source.online == 25)
    with caplog.at_level(logging.INFO):
        addreality.accounts[TOKEN] = devices(3)
        next_polls(addreality, 1)
        until(lambda: source.fleet.figures.missing == 22)
        assert source.forgotten == []
        next_polls(addreality, 1)
        assert source.forgotten == []
        until(lambda: len(source.forgotten) == 22)
    until(lambda: source.fleet.figures.missing == 0)
    assert len(source.fleet.devices) == 3
    assert caplog.text.count("has shrunk by 22 devices") == 1


def test_devices_beyond_the_cap_are_dropped_counted_and_told(
    make: Make, addreality: AddReality, caplog: pytest.LogCaptureFixture
) -> None:
    addreality.accounts[TOKEN] = devices(25)
    source = make(most_devices=12)
    with caplog.at_level(logging.INFO):
        source.start()
        until(lambda: source.fleet.figures.dropped == 13)
        next_polls(addreality)
    assert source.online == len(source.fleet.devices) == 12
    assert caplog.text.count("more than MAX_DEVICES") == 1


def test_kept_devices_give_way_to_listed_ones_at_the_cap(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(12)
    source = make(most_devices=12)
    source.start()
    until(lambda: source.online == 12)
    addreality.accounts[TOKEN] = devices(30)[12:]
    until(lambda: "51030" not in source.fleet.devices and "51013" in source.fleet.devices)
    assert set(source.fleet.devices) == {str(51000 + number) for number in range(13, 25)}
    assert sorted(source.forgotten) == sorted(str(51000 + number) for number in range(1, 13))
    until(lambda: source.fleet.figures.dropped == 6)


def test_two_devices_with_one_id_are_unknown_and_counted(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = [*devices(4), device(2, connection_state="offline")]
    source = make()
    source.start()
    until(lambda: source.online == 3)
    figures = source.fleet.figures
    assert (figures.devices["offline"], figures.devices["unknown"]) == (0, 1)
    assert figures.errors["duplicate"] >= 1
    assert source.fleet.devices["51002"].reason == "duplicate"


def test_entries_without_an_id_are_counted(make: Make, addreality: AddReality) -> None:
    addreality.accounts[TOKEN] = [*devices(4), device(5, id=None), device(6, id="")]
    source = make()
    source.start()
    until(lambda: source.online == 4)
    assert source.fleet.figures.errors["malformed"] % 2 == 0
    assert source.fleet.figures.errors["malformed"] >= 2
    assert source.fleet.figures.up


def test_devices_that_were_remembered_are_there_before_the_first_answer(
    make: Make, addreality: AddReality
) -> None:
    addreality.faults[TOKEN, 0] = failing
    source = make()
    remembered = {"51001": {"name": "Mall 1, entrance"}}
    source.poller.post(
        lambda: source.source.change("", source.settings, source.way(), {}, remembered)
    )
    source.poller.post(source.source.start)
    until(lambda: source.fleet.figures.up is False)
    assert (source.fleet.info_of("51001") or {})["name"] == "Mall 1, entrance"
    assert (source.online, source.fleet.figures.devices["unknown"]) == (0, 1)


def test_an_answer_is_read_whatever_its_content_type_says(make: Make, addreality_web: Web) -> None:
    addreality_web.behaviour = lambda handler: handler.send(
        200, page(devices(2)), Content_Type="text/html"
    )
    source = make()
    source.start()
    until(lambda: source.online == 2)


@pytest.mark.parametrize("spoilt", [{}, {"api_token": "wrong"}, {"api_token": "two words"}])
def test_corrected_settings_are_used_at_once(
    spoilt: dict[str, object], make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(5)
    around = make().around
    sources = Sources(around, lambda _told: Settings(20, 1, 10, 9000))

    def tell(told: dict[str, object]) -> None:
        entries = [Entry(8, 1, "", True, told), Entry(9, 1, "", True, {"api_token": TOKEN})]
        around.poller.post(lambda: sources.apply(entries, Devices()))

    tell(spoilt)
    until(lambda: [report.up for report in sources.reports()] == [False, True])
    (ill, well) = sources.reports()
    assert ill.errors == {"http_4xx" if spoilt == {"api_token": "wrong"} else "settings": 1}
    tell({"api_token": TOKEN})
    until(lambda: sources.reports()[0].devices["online"] == 5)
    assert sources.reports()[0].up
    assert sources.reports()[1].next_poll == well.next_poll  # the other one is left as it was


def test_a_fault_in_reading_one_exporters_settings_is_its_own(
    make: Make, addreality: AddReality, caplog: pytest.LogCaptureFixture
) -> None:
    addreality.accounts[TOKEN] = devices(5)

    def fragile(account: Account) -> Listing:
        if account.settings.get("api_token") != TOKEN:
            raise ZeroDivisionError
        way = ADDREALITY.open(account)
        assert isinstance(way, Listing)
        return way

    around = replace(make().around, kind=replace(ADDREALITY, open=fragile))
    sources = Sources(around, lambda _told: Settings(20, 1, 10, 9000))
    entries = [Entry(8, 1, "", True, {}), Entry(9, 1, "", True, {"api_token": TOKEN})]
    around.poller.post(lambda: sources.apply(entries, Devices()))
    until(lambda: [report.up for report in sources.reports()] == [False, True])
    assert "a fault of the exporter itself" in sources.reports()[0].last_error
    assert "ZeroDivisionError" in caplog.text


def test_a_walk_that_breaks_off_is_no_success_by_which_devices_could_be_missed(
    make: Make, addreality: AddReality
) -> None:
    addreality.accounts[TOKEN] = devices(15)
    addreality.faults[TOKEN, 10] = failing
    source = make()
    source.start()
    figures = source.fleet.figures
    until(lambda: source.online == 10 and figures.up is True)
    assert figures.last_success is None
    addreality.faults.clear()
    until(lambda: source.online == 15 and figures.last_success is not None)


@pytest.fixture
def capped(addreality: AddReality, addreality_web: Web) -> Callable[[int], None]:
    """Have the vendor hold its pages so short, whatever is asked for."""
    addreality.accounts[TOKEN] = devices(9)

    def hold(most: int) -> None:
        def short(handler: Handler) -> None:
            asked = {**json.loads(handler.body), "limit": most}
            handler.body = json.dumps(asked).encode()
            addreality(handler)

        addreality_web.behaviour = short

    return hold


def test_a_failure_behind_the_end_of_a_list_leaves_the_doubt(
    make: Make, addreality: AddReality, capped: Callable[[int], None]
) -> None:
    capped(4)
    addreality.faults[TOKEN, 4] = failing
    source = make()
    source.start()
    until(lambda: source.online == 4)
    addreality.faults.clear()
    until(lambda: source.online == 9, seconds=3)


def test_another_account_is_doubted_anew(
    make: Make, addreality: AddReality, capped: Callable[[int], None]
) -> None:
    capped(5)
    source = make()
    source.start()
    until(lambda: source.online == 9)
    next_polls(addreality)
    capped(4)
    source.told = {"api_token": TOKEN, "limit": 9}
    source.change([])
    until(lambda: addreality.asked[TOKEN, 8] > 1, seconds=3, about="the third page")
