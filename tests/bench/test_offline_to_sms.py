"""What `offline_to_sms` says of moments that were measured, and the far sides that it measures at.

The row itself takes minutes: slots of 30 seconds come no sooner for fewer players.
"""

import gzip
import time

import pytest

from bench import sms_gateway
from bench.fleet_page import STATUS, FleetPage
from bench.live_fleet import GATEWAY_KEY, HOLD, phone
from bench.rows.offline_to_sms import FLOOR, GOAL, Way, judged
from devices.gateways import DRIVERS
from devices.gateways.shape import Account, Outcome, Outgoing


def way(beyond: float) -> Way:
    """The way of a player whose message came so many seconds after `for`."""
    sent = 1000.0 + HOLD + beyond
    return Way(1000.0, seen=1007.0, opened=sent - 9, acting=sent - 6, given=sent - 2, sent=sent)


def test_the_slowest_of_few_decides_and_each_stage_has_its_seconds() -> None:
    lines = {each.what: each for each in judged([way(20.0)] * 39 + [way(GOAL + 1)], 40)}
    assert not lines["beyond `for`, p99"].holds
    told = lines["beyond `for`, p99"].told
    assert told.startswith(f"51 s, p50 20.0 s; the floor, a scrape and a tick, is {FLOOR} s")
    assert "over the goal 1" in lines["beyond `for`, p99"].told
    assert lines["offline to scraped"].told == "p50 7.0 s, p99 7.0 s"
    assert lines["slot taken to acting"].told == "p50 3.0 s, p99 3.0 s"
    assert lines["acting to the command"].told == "p50 4.0 s, p99 4.0 s"
    assert lines["command to the gateway"].told == "p50 2.0 s, p99 2.0 s"


def test_one_slow_message_of_two_hundred_is_borne_and_one_that_is_missing_is_not() -> None:
    ways = [way(20.0)] * 199 + [way(GOAL + 1)]
    assert all(each.holds for each in judged(ways, 200))
    lost, *_others = judged(ways, 201)
    assert not lost.holds
    assert [each.holds for each in judged([], 40)] == [False]


def test_the_gateway_takes_what_the_driver_sends_and_keeps_the_first_of_a_phone() -> None:
    driver, before = DRIVERS["http"], time.time()
    with sms_gateway.serving() as taken:
        account = Account(taken.address, GATEWAY_KEY, {})
        sent = [driver.send(account, Outgoing("1", phone(1), "Reset", 60)) for _again in range(2)]
        assert driver.inbox is not None
        assert driver.inbox(account) == ()
    assert [each.outcome for each in sent] == [Outcome.ACCEPTED] * 2
    assert before <= taken.first[phone(1)] <= time.time()
    assert (list(taken.first), taken.messages) == ([phone(1)], 2)


@pytest.mark.parametrize(("offline", "bad"), [(0, 0), (20, 5)])
def test_a_page_begins_with_as_many_offline_as_a_row_wants(offline: int, bad: int) -> None:
    page = FleetPage(platforms=2, players=100, offline=offline)
    page.turn([3])
    text = gzip.decompress(page.body).decode()
    statuses = [each for each in text.splitlines() if each.startswith(STATUS.name)]
    assert len(statuses) == 100
    assert sum(each.endswith(" 0.0") for each in statuses) == bad + 1
