"""The proof of the proof: with a bug planted in the road, a named test of it turns red."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from devices import journal, ledger, moves, outbox, reaper
from devices.ledger import BudgetSpent, Period
from devices.models import BudgetPeriod, Command, CommandLine
from devices.moves import Happening, Limits, Moved, Refused
from devices.states import Effect, Event
from platforms import integrity
from tests.devices import test_outbox, test_races

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("road"),
]
# The worlds of the proofs, which their modules keep to themselves.
socket, pair = test_outbox.socket, test_outbox.pair

Plant = Callable[[pytest.MonkeyPatch, pytest.FixtureRequest], None]


def no_fence(patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whoever comes takes the row's own fence for his."""
    intend, record = outbox.intend, outbox.record

    def current(claimed: outbox.Claim) -> outbox.Claim:
        return claimed._replace(fence=Command.objects.get(pk=claimed.pk).fence)

    patch.setattr(outbox, "intend", lambda claimed, now: intend(current(claimed), now))
    patch.setattr(outbox, "record", lambda claimed, sent, now: record(current(claimed), sent, now))


def no_partial_index(patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    [index] = [
        each for each in CommandLine._meta.constraints if each.name == "one_power_command_a_line"
    ]

    def restore() -> None:
        CommandLine.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(CommandLine, index)
        integrity.install(connection)

    request.addfinalizer(restore)
    integrity.remove(connection)
    with connection.schema_editor() as editor:
        editor.remove_constraint(CommandLine, index)
    integrity.install(connection)


def send_before_commit(patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """One transaction around all stages, past the guard that Django keeps against it."""
    turn = outbox.turn

    def in_one(*args: Any) -> bool:
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]
        with around:
            return turn(*args)

    patch.setattr(outbox, "turn", in_one)


def resend_unknown(patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Decide for each doubt as if it were an `on` that is owed."""
    step, kinds = moves.step, reaper._kinds

    def anything(command: moves.Command, happening: Happening, limits: Limits) -> Moved | Refused:
        if happening.event is not Event.RESEND:
            return step(command, happening, limits)
        outcome = step(replace(command, effect=Effect.ON), happening, limits)
        if isinstance(outcome, Moved):
            return Moved(replace(outcome.command, effect=command.effect))
        return outcome

    patch.setattr(journal, "step", anything)
    patch.setattr(
        reaper,
        "_kinds",
        lambda now: [
            due._replace(rows=Q(state="unknown")) if due.event is Event.RESEND else due
            for due in kinds(now)
        ],
    )


def resend_unknown_without_the_trigger(
    patch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    resend_unknown(patch, request)
    integrity.remove(connection)
    request.addfinalizer(lambda: integrity.install(connection))


def budget_read_and_then_written(patch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Look whether there is room, and write what was seen plus one, as one does at first."""

    def take(
        platform_id: int, period: Period, limit: int | None, used: int, kept: int, by_job: bool
    ) -> None:
        row, _made = BudgetPeriod.objects.get_or_create(
            platform_id=platform_id, span=period.span, starts=period.starts
        )
        if limit is not None and row.used + used > limit:
            raise BudgetSpent(period.span, limit, by_job=by_job)
        BudgetPeriod.objects.filter(pk=row.pk).update(used=row.used + used, limit=limit)

    patch.setattr(ledger, "_take", take)


def budget_outside_the_transaction(
    patch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Pay first, in a transaction of its own, and move afterwards."""
    intend, paid = outbox.intend, outbox._pay

    def paying(claimed: outbox.Claim, now: Any) -> outbox.Intent | None:
        with transaction.atomic():
            paid(Command.objects.locked(claimed.pk), now)
        return intend(claimed, now)

    patch.setattr(outbox, "_pay", lambda command, now: {})
    patch.setattr(outbox, "intend", paying)


POSTGRESQL_ONLY = {budget_read_and_then_written}  # SQLite has one writer at a time


@pytest.mark.parametrize(
    ("plant", "proof"),
    [
        (no_fence, test_outbox.test_a_worker_whose_claim_was_taken_over_neither_sends_nor_records),
        (no_fence, test_races.test_a_worker_of_an_older_fence_changes_nothing),
        (no_partial_index, test_outbox.test_a_line_has_one_power_command_at_a_time),
        (no_partial_index, test_races.test_of_many_who_command_a_line_at_once_one_does),
        (
            send_before_commit,
            test_races.test_another_connection_sees_the_intent_before_the_first_byte,
        ),
        (resend_unknown, test_outbox.test_an_unknown_one_is_never_sent_again_by_itself),
        (
            resend_unknown_without_the_trigger,
            test_outbox.test_an_unknown_one_is_never_sent_again_by_itself,
        ),
        (
            budget_read_and_then_written,
            test_races.test_sixteen_workers_never_take_more_than_the_limit,
        ),
        (budget_outside_the_transaction, test_races.test_an_intent_that_fails_pays_nothing),
    ],
)
def test_a_planted_bug_turns_its_test_red(
    plant: Plant,
    proof: Callable[..., None],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if plant in POSTGRESQL_ONLY and connection.vendor == "sqlite":
        return
    world = {name: request.getfixturevalue(name) for name in inspect.signature(proof).parameters}
    plant(monkeypatch, request)
    with pytest.raises((AssertionError, DatabaseError, pytest.fail.Exception)):
        proof(**world)
