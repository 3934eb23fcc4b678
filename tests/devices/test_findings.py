"""What a try of a step shows: a table of what is known and what is said of it."""

from datetime import timedelta

import pytest

from devices.findings import LOOKING, Facts, Finding, Kind, Verdict, judge, went_out
from devices.pace import EVIDENCE, LIMITS
from devices.states import State
from tests.devices.world import NOON

SENT = Facts(State.ACCEPTED, closed=False, wire_at=NOON)
SOON, LATE = timedelta(minutes=1), LIMITS.reply
NAMED = {each.value: each for each in Finding}
FED = SENT._replace(back_at=NOON, seen=True)


@pytest.mark.parametrize(
    ("kind", "facts", "after", "finding", "passed"),
    [
        ("query", Facts(State.QUEUED, False, None), SOON, "waiting", None),
        ("query", Facts(State.SENDING, False, NOON), SOON, "sent", None),
        ("query", Facts(State.EXPIRED, True, None), SOON, "unsent", False),
        ("query", Facts(State.NOT_SENT, True, NOON), SOON, "unsent", False),
        ("query", SENT._replace(state=State.UNKNOWN), SOON, "doubt", None),
        ("query", SENT, SOON, "sent", None),
        ("query", SENT, LATE, "silent", False),
        ("query", SENT._replace(closed=True), LATE, "silent", False),
        ("query", SENT._replace(replied_at=NOON), SOON, "answered", True),
        ("query", SENT._replace(replied_at=NOON, meanings={"unknown"}), LATE, "answered", True),
        (
            "query",
            SENT._replace(replied_at=NOON, meanings={"not_allowed"}),
            SOON,
            "not_allowed",
            False,
        ),
        ("register", SENT, SOON, "sent", None),
        (
            "register",
            SENT._replace(replied_at=NOON, meanings={"admin_registered"}),
            SOON,
            "registered",
            True,
        ),
        (
            "register",
            SENT._replace(replied_at=NOON, meanings={"number_taken"}),
            SOON,
            "number_taken",
            False,
        ),
        (
            "register",
            SENT._replace(replied_at=NOON, meanings={"not_understood"}),
            SOON,
            "not_understood",
            False,
        ),
        ("register", SENT._replace(replied_at=NOON, meanings={"unknown"}), SOON, "odd", None),
        ("register", SENT._replace(replied_at=NOON, meanings={"unknown"}), LATE, "odd", False),
        ("power", SENT, LATE, "look", None),
        ("power", SENT, LOOKING, "nobody_looked", False),
        ("power", FED, SOON, "going", None),
        ("power", FED._replace(came_back=True), SOON, "came_back", True),
        ("power", FED, EVIDENCE, "never_dark", False),
        ("power", FED._replace(is_dark=True), EVIDENCE, "still_dark", False),
        ("power", FED._replace(seen=False), SOON, "blind", None),
        ("power", FED._replace(seen=False), EVIDENCE, "blind", False),
        ("power", FED._replace(back_at=None), EVIDENCE, "going", None),
        ("power", FED._replace(meanings={"not_allowed"}), SOON, "not_allowed", False),
    ],
)
def test_what_is_known_decides_what_is_said(
    kind: str, facts: Facts, after: timedelta, finding: str, passed: bool | None
) -> None:
    assert judge(Kind(kind), facts, NOON + after) == Verdict(NAMED[finding], passed)


def test_what_failed_says_what_to_do() -> None:
    told = [each for each in Finding if each.remedy]
    assert {Finding.SILENT, Finding.NUMBER_TAKEN, Finding.NEVER_DARK, Finding.UNSENT} <= set(told)
    assert all(str(each).endswith(".") for each in Finding)


@pytest.mark.parametrize(
    ("facts", "out"),
    [
        (Facts(State.QUEUED, False, None), False),
        (Facts(State.SENDING, False, NOON), False),
        (SENT, True),
        (SENT._replace(state=State.UNKNOWN), False),
        (SENT._replace(state=State.UNKNOWN, replied_at=NOON), True),
        (SENT._replace(state=State.NOT_SENT), False),
    ],
)
def test_a_message_went_out_when_the_gateway_or_the_socket_says_so(facts: Facts, out: bool) -> None:
    assert went_out(facts) is out
