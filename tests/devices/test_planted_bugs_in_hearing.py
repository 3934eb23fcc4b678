"""The proof of the proof: with a bug planted in what Remosa hears and sees, a named test is red."""

import inspect
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from devices import evidence, hearing, inbox, outages, phones, reconciliation, verification
from devices.evidence import Finding, Sight
from devices.inbox_identity import Occurrences
from devices.models import Device, GatewayInbox, IncomingSms
from exporters.verdicts import State
from platforms import integrity
from platforms.models import Platform
from tests.devices import test_hearing, test_inbox, test_reconciliation, test_verification
from tests.devices.listening import Far, make_listening, make_old_socket

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("road"),
    # A worker that trips over the planted bug is how it shows.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
# The worlds of the proofs, which their modules keep to themselves.
far, listening = test_inbox.far, test_inbox.listening
shared, sampled = test_hearing.shared, test_verification.sampled

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def socket(far: Far, platform_a: Platform) -> Device:
    """A socket that each of the proofs can do with."""
    make_listening(far, "sms_gate")
    return make_old_socket(platform_a)


def forgetting_texts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inbox, "_remembered", lambda *args: {})


def forgetting_what_is_listed(patch: pytest.MonkeyPatch) -> None:
    remember = inbox._remember
    patch.setattr(
        inbox,
        "_remember",
        lambda row, before, after: remember(
            row, before, {mark: known._replace(listed=0) for mark, known in after.items()}
        ),
    )


def without_a_lock(patch: pytest.MonkeyPatch) -> None:
    """And with a moment between reading what is there and writing what is not."""
    sender = phones.sender

    def slowly(*args: Any) -> phones.Sender:
        time.sleep(0.01)
        return sender(*args)

    patch.setattr(phones, "sender", slowly)
    patch.setattr(QuerySet, "select_for_update", lambda rows, *args, **kwargs: rows.all())


def throwing_late_polls_away(patch: pytest.MonkeyPatch) -> None:
    end = inbox._end

    def ending(gateway: Any, turn: inbox._Turn, *rest: Any) -> int:
        fence = GatewayInbox.objects.of(gateway).fence
        return end(gateway, turn, *rest) if turn.fence == fence else 0

    patch.setattr(inbox, "_end", ending)


def polls_over_each_other(patch: pytest.MonkeyPatch) -> None:
    begin = inbox._begin

    def beginning(gateway: Any, now: datetime) -> Any:
        GatewayInbox.objects.update(polling_until=None)
        return begin(gateway, now)

    patch.setattr(inbox, "_begin", beginning)


def lists_that_outrun_the_webhook(patch: pytest.MonkeyPatch) -> None:
    """Believe a list of what it lacks, though it was written before the webhook told of it."""
    begin, everything = inbox._begin, _Everything()
    patch.setattr(
        inbox, "_begin", lambda *args: (t := begin(*args)) and t._replace(remembered=everything)
    )


class _Everything(dict[str, Occurrences]):
    def get(self, mark: str, default: Any = None) -> Any:
        return Occurrences(1, 0, 1)


def time_of_arrival(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inbox, "_believed", lambda at, now: None)


def clocks_that_are_ahead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inbox, "min", max, raising=False)


def _anybody(patch: pytest.MonkeyPatch) -> None:
    def sender_of(message: IncomingSms) -> Device | None:
        found: Device | None = Device.objects.in_use().filter(phone=message.sender).first()
        return found

    patch.setattr(hearing, "_sender_of", sender_of)


def gateways_that_speak_for_all(patch: pytest.MonkeyPatch) -> None:
    integrity.remove(connection)  # the database would refuse it
    _anybody(patch)


def numbers_with_their_past(patch: pytest.MonkeyPatch) -> None:
    _anybody(patch)


def outages_by_arrival(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outages, "_told_after", lambda message, device: IncomingSms.objects.none())


def any_answer_to_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hearing, "_fits", lambda command, reply: True)


def absence_believed_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconciliation, "OVER", timedelta(0))


def absence_believed_once(patch: pytest.MonkeyPatch) -> None:
    judged = reconciliation._judged

    def twice(command: Any, fate: Any, now: datetime) -> Any:
        command.fate, command.fate_at = fate.value, now - timedelta(hours=1)
        return judged(command, fate, now)

    patch.setattr(reconciliation, "_judged", twice)


def owed_ones_given_up(patch: pytest.MonkeyPatch) -> None:
    judged = reconciliation._judged

    def careless(command: Any, fate: Any, now: datetime) -> Any:
        command.owed = False
        return judged(command, fate, now)

    patch.setattr(reconciliation, "_judged", careless)


def silence_is_offline(patch: pytest.MonkeyPatch) -> None:
    judge = evidence.judge

    def pessimist(sights: Sequence[Sight], acted: datetime, now: datetime) -> Finding:
        unknown = any(sight.state is State.UNKNOWN for sight in sights)
        return Finding.DID_NOT_HELP if unknown else judge(sights, acted, now)

    patch.setattr(evidence, "judge", pessimist)


def samples_of_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evidence, "BOOT", timedelta(minutes=-30))


def power_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verification, "lasts", lambda *_of: timedelta(0))


def one_question_a_command(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verification, "BATCH", 1)


POSTGRESQL_ONLY = {without_a_lock}  # SQLite has one writer at a time
OF = {
    "inbox": test_inbox,
    "hearing": test_hearing,
    "reconciliation": test_reconciliation,
    "verification": test_verification,
}


@pytest.mark.parametrize(
    ("plant", "where", "proof", "arguments"),
    [
        (
            forgetting_texts,
            "inbox",
            "a_text_without_a_time_that_comes_again_after_it_was_gone_is_another_message",
            {},
        ),
        (
            forgetting_what_is_listed,
            "inbox",
            "a_message_polled_five_times_in_every_order_with_the_webhook_is_one",
            {"at": None},
        ),
        (
            without_a_lock,
            "inbox",
            "polls_and_webhooks_that_meet_store_a_message_once",
            {"times": "all"},
        ),
        (
            throwing_late_polls_away,
            "inbox",
            "a_gateway_that_lists_a_message_once_loses_none_to_a_poll_that_came_late",
            {},
        ),
        (
            polls_over_each_other,
            "inbox",
            "a_poll_waits_for_the_one_that_lasts_and_outlives_one_that_died",
            {},
        ),
        (
            lists_that_outrun_the_webhook,
            "inbox",
            "a_webhook_that_tells_while_a_list_is_on_its_way_tells_of_the_same_message",
            {},
        ),
        (
            time_of_arrival,
            "hearing",
            "the_newest_state_stays_whatever_comes_last",
            {"order": (2, 1, 0)},
        ),
        (
            clocks_that_are_ahead,
            "hearing",
            "a_clock_that_is_ahead_makes_no_message_the_newest_for_ever",
            {},
        ),
        (
            gateways_that_speak_for_all,
            "hearing",
            "a_platforms_own_gateway_speaks_for_no_socket_of_another",
            {},
        ),
        (
            numbers_with_their_past,
            "hearing",
            "a_message_from_before_a_socket_was_registered_stays_nobodys",
            {},
        ),
        (
            outages_by_arrival,
            "hearing",
            "outages_are_the_same_in_whatever_order_messages_come",
            {"story": "LB"},
        ),
        (
            any_answer_to_anything,
            "hearing",
            "a_meaning_answers_what_can_be_answered_so",
            {"text": "Socket OFF", "answers": "power_off"},
        ),
        (
            absence_believed_at_once,
            "reconciliation",
            "what_the_gateway_does_not_know_was_not_sent_when_it_says_so_late_and_twice",
            {},
        ),
        (
            absence_believed_once,
            "reconciliation",
            "a_request_that_the_gateway_gets_late_is_not_denied",
            {},
        ),
        (owed_ones_given_up, "reconciliation", "an_owed_on_is_never_found_not_sent", {}),
        (
            silence_is_offline,
            "verification",
            "unknown_evidence_waits_and_ends_without_a_verdict",
            {},
        ),
        (samples_of_before, "verification", "a_sequence_is_judged_from_its_last_message", {}),
        (
            power_at_once,
            "verification",
            "the_minutes_that_a_socket_keeps_its_line_dark_are_no_failure",
            {},
        ),
        (
            one_question_a_command,
            "verification",
            "many_commands_cost_as_many_questions_as_one",
            {},
        ),
    ],
)
def test_a_planted_bug_turns_its_test_red(
    plant: Plant,
    where: str,
    proof: str,
    arguments: dict[str, Any],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if plant in POSTGRESQL_ONLY and connection.vendor == "sqlite":
        return
    test = getattr(OF[where], f"test_{proof}")
    needed = [name for name in inspect.signature(test).parameters if name not in arguments]
    world = {name: request.getfixturevalue(name) for name in needed}
    request.addfinalizer(lambda: integrity.install(connection))
    plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError, DatabaseError)):
        test(**world, **arguments)
