"""Workers that meet: threads with connections of their own, on both databases."""

import itertools
import random
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from devices import commands, journal, ledger, outbox, reaper
from devices.models import BudgetPeriod, Command, CommandLine, Device
from devices.moves import Happening
from devices.pace import LIMITS
from devices.states import Event
from platforms.models import Platform
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway, together

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("road"),
]

WORKERS = 16
ATTEMPTS = 100  # of each
LIMIT = 1000


def test_sixteen_workers_never_take_more_than_the_limit(platform_a: Platform) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(sms_limit_day=LIMIT, sms_limit_month=LIMIT)
    platform_a.refresh_from_db()

    def work(at: int) -> int:
        taken = 0
        for _attempt in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    ledger.reserve(platform_a, NOON, used=1, kept=0, by_job=False)
                taken += 1
            except ledger.BudgetSpent:
                pass
        return taken

    assert sum(together(work, WORKERS)) == LIMIT
    assert set(BudgetPeriod.objects.values_list("used", "limit")) == {(LIMIT, LIMIT)}


def test_no_more_is_sent_than_the_limit_whoever_asks_at_once(
    platform_a: Platform, gateway: Gateway
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(sms_limit_day=20)
    sockets = [world.make_socket(platform_a) for _number in range(8)]
    for socket, _turn in itertools.product(sockets, range(5)):
        world.give(socket, "status", sender=world.sender_of_nobody())

    def work(at: int) -> None:
        while outbox.turn(gateway, lambda: NOON):
            pass

    together(work, 6)
    assert len(gateway.log) == 20
    day = BudgetPeriod.objects.get(span="day")
    assert (day.used, day.reserved) == (20, 0)
    assert Command.objects.filter(state="cancelled").count() == 20


def test_of_many_who_command_a_line_at_once_one_does(platform_a: Platform) -> None:
    socket = world.make_socket(platform_a)

    def work(at: int) -> str:
        try:
            world.give(socket, "power_cycle")
        except commands.CommandRefused as error:
            return error.code
        return "given"

    outcomes = together(work, 8)
    assert sorted(outcomes) == ["given"] + ["in_flight"] * 7
    assert Command.objects.count() == 1


def test_one_wish_that_comes_many_times_at_once_is_one_command(platform_a: Platform) -> None:
    socket, key = world.make_socket(platform_a), uuid4()
    outcomes = together(lambda at: world.give(socket, "power_cycle", named=key).pk, 8)
    assert len(set(outcomes)) == 1


def test_every_command_goes_out_exactly_once_whoever_takes_it(
    platform_a: Platform, gateway: Gateway
) -> None:
    given = [world.give(world.make_socket(platform_a), "power_cycle") for _number in range(30)]

    def work(at: int) -> None:
        while outbox.turn(gateway, lambda: NOON):
            pass

    together(work, 6)
    assert sorted(each.key for each in gateway.log) == sorted(str(each.key) for each in given)
    assert set(Command.objects.values_list("state", flat=True)) == {"accepted"}


def test_a_lease_that_ends_at_the_moment_of_the_intent_has_one_winner(
    platform_a: Platform, gateway: Gateway
) -> None:
    """The worker and the reaper at once; whoever loses goes on, and nothing goes out twice."""
    socket, clock = world.make_socket(platform_a), Clock()
    for _round in range(12):
        command = world.give(socket, "status", now=clock())
        claimed = outbox.claim(clock())
        assert claimed is not None
        begun, over = clock(), clock.turn(seconds=LIMITS.lease.total_seconds())
        held = claimed  # a name of this round for the threads

        def work(
            at: int, held: outbox.Claim = held, begun: "object" = begun, over: "object" = over
        ) -> object:
            if at:
                return reaper.reap(over)  # type: ignore[arg-type]
            return outbox.intend(held, begun)  # type: ignore[arg-type]

        intent, _reaped = together(work, 2)
        reaper.reap(clock())
        command.refresh_from_db()
        if intent is None:
            assert command.state == "queued"
            world.drive(gateway, clock)
        else:
            assert command.state == "unknown"
        assert outbox.intend(claimed, clock()) is None
    assert len({each.key for each in gateway.log}) == len(gateway.log)


def test_a_worker_of_an_older_fence_changes_nothing(platform_a: Platform, gateway: Gateway) -> None:
    socket, clock = world.make_socket(platform_a), Clock()
    command = world.give(socket, "power_cycle")
    old = outbox.claim(clock())
    clock.now += LIMITS.lease
    reaper.reap(clock())
    new = outbox.claim(clock())
    assert old is not None
    assert new is not None
    assert new.fence == old.fence + 1
    outcomes = together(lambda at: outbox.intend((old, new)[at], clock()), 2)
    assert outcomes[0] is None
    assert outcomes[1] is not None
    assert outbox.record(old, world.REJECTED, clock()) is False
    assert outbox.record(new, world.ACCEPTED, clock()) is True
    command.refresh_from_db()
    assert (command.state, command.fence) == ("accepted", new.fence)


def test_two_messages_of_a_sequence_that_end_at_once_free_their_line(
    platform_a: Platform, gateway: Gateway
) -> None:
    socket, clock = world.make_socket(platform_a, "simpal_d410"), Clock()
    for _round in range(6):
        world.give(socket, "power_cycle_line", {"line": "1"}, now=clock())
        world.drive(gateway, clock)
        clock.turn(seconds=30)
        world.drive(gateway, clock)
        clock.now += LIMITS.reply + timedelta(minutes=1)
        pks = list(Command.objects.open().values_list("pk", flat=True))
        assert len(pks) == 2

        def work(at: int, pks: list[int] = pks) -> None:
            with transaction.atomic():
                command = Command.objects.locked(pks[at])
                journal.move(command, Happening(Event.REPLY_OVER, clock()))

        together(work, 2)
        assert not CommandLine.objects.filter(closed=False).exists()


def test_a_socket_is_the_last_one_that_there_is_room_for_only_once(platform_a: Platform) -> None:
    from devices import sockets

    world.make_socket(platform_a)
    Platform.objects.filter(pk=platform_a.pk).update(sockets_limit=3)

    def work(at: int) -> bool:
        try:
            world.make_socket(platform_a, phone=f"+7911000000{at}")
        except sockets.LimitReached:
            return False
        return True

    assert sum(together(work, 6)) == 2
    assert Device.objects.count() == 3


def test_reapers_that_meet_move_everything_once(platform_a: Platform) -> None:
    socket = world.make_socket(platform_a)
    for _number in range(10):
        world.give(socket, "status")
    while outbox.claim(NOON):
        pass
    later = NOON + LIMITS.lease
    assert sum(together(lambda at: reaper.reap(later), 4)) == 10
    assert set(Command.objects.values_list("state", "fence")) == {("queued", 1)}


def test_the_ledger_adds_up_after_chance_had_its_way(platform_a: Platform) -> None:
    """Many workers take, keep, commit and give back; what stands there is what they hold."""
    Platform.objects.filter(pk=platform_a.pk).update(sms_limit_day=60)
    platform_a.refresh_from_db()

    def work(at: int) -> tuple[int, int]:
        chance, used, kept = random.Random(at), 0, 0
        for _turn in range(25):
            spend, keep = chance.randint(0, 3), chance.randint(0, 2)
            try:
                with transaction.atomic():
                    day = ledger.reserve(platform_a, NOON, used=spend, kept=keep, by_job=False)
                    if chance.random() < 0.5:
                        ledger.commit(platform_a.pk, day, keep)
                        spend, keep = spend + keep, 0
                    if chance.random() < 0.6:
                        ledger.give_back(platform_a.pk, day, used=spend, kept=keep, by_job=False)
                        spend = keep = 0
                used, kept = used + spend, kept + keep
            except ledger.BudgetSpent:
                continue
        return used, kept

    held = together(work, 6)
    for row in BudgetPeriod.objects.all():
        assert (row.used, row.reserved) == (sum(h[0] for h in held), sum(h[1] for h in held))
        assert row.used + row.reserved <= 60 or row.limit is None


def test_the_database_refuses_a_budget_that_code_overdrew(platform_a: Platform) -> None:
    row = BudgetPeriod.objects.create(
        platform=platform_a, span="day", starts=timezone.now().date(), limit=5, used=5
    )
    for values in ({"used": 6}, {"reserved": 1}, {"by_jobs": 6}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BudgetPeriod.objects.filter(pk=row.pk).update(**values)


def test_another_connection_sees_the_intent_before_the_first_byte(
    platform_a: Platform, gateway: Gateway
) -> None:
    command = world.give(world.make_socket(platform_a), "power_cycle")
    seen: list[str] = []

    def state(_at: int) -> str:
        return str(Command.objects.get(pk=command.pk).state)

    gateway.on_send = lambda _outgoing: seen.extend(together(state, 1))
    outbox.turn(gateway, lambda: NOON)
    assert seen == ["sending"]


def test_an_intent_that_fails_pays_nothing(platform_a: Platform) -> None:
    command = world.give(world.make_socket(platform_a), "power_cycle")
    claimed = outbox.claim(NOON)
    assert claimed is not None
    assert outbox.intend(claimed, NOON + LIMITS.lease) is None
    assert not BudgetPeriod.objects.exclude(used=0, reserved=0).exists()
    command.refresh_from_db()
    assert (command.state, command.budget_day) == ("claimed", None)
