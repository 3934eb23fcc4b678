"""The road of a command on a real database, one worker at a time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from devices import commands, gates, outbox, reaper
from devices.gateways.shape import Outcome, Outgoing, Reason, Sent
from devices.models import Assignment, BudgetPeriod, Command, CommandLine, Device, Pause
from devices.pace import COOLDOWN, LIMITS
from devices.senders import Sender
from devices.states import State
from platforms.models import Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("road")]


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


@pytest.fixture
def pair(platform_a: Platform) -> Device:
    """A D410, which is restarted by two messages."""
    return world.make_socket(platform_a, "simpal_d410")


def state_of(command: Command) -> str:
    command.refresh_from_db()
    return command.state


def used(platform: Platform) -> list[tuple[str, int, int, int]]:
    rows = BudgetPeriod.objects.filter(platform=platform).order_by("span")
    return [(row.span, row.used, row.reserved, row.beyond) for row in rows]


def test_a_command_goes_out_once_and_its_life_is_written_down(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    world.drive(gateway, clock)
    assert gateway.log == [Outgoing(str(command.key), socket.phone, "#12#0#1#1#", 60)]
    assert state_of(command) == "accepted"
    steps = command.steps.values_list("event", "state")
    assert list(steps) == [
        ("", "queued"),
        ("claim", "claimed"),
        ("intend", "sending"),
        ("accept", "accepted"),
    ]
    assert used(socket.platform) == [("day", 1, 0, 0), ("month", 1, 0, 0)]


def test_nothing_leaves_before_the_intent_is_stored(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    seen: list[tuple[str, bool]] = []
    gateway.on_send = lambda _o: seen.append(
        (Command.objects.get(pk=command.pk).state, connection.needs_rollback)
    )
    world.drive(gateway, clock)
    assert seen == [("sending", False)]


def test_a_worker_that_was_too_slow_sends_nothing_and_gets_its_money_back(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    claimed = outbox.claim(clock())
    assert claimed is not None
    intent = outbox.intend(claimed, clock())
    assert intent is not None
    clock.now += LIMITS.freshness + timedelta(microseconds=1)
    sent = outbox.wire(intent, gateway, clock)
    assert sent is None
    assert outbox.record(claimed, sent, clock())
    assert gateway.log == []
    assert state_of(command) == "rejected"
    assert used(socket.platform) == [("day", 0, 0, 0), ("month", 0, 0, 0)]
    assert CommandLine.objects.get(command=command).cooldown_until is None


def test_a_refused_one_is_tried_three_times_with_the_same_key_and_fails(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = world.REJECTED
    command = world.give(socket, "power_cycle")
    for _attempt in range(6):
        world.drive(gateway, clock)
        reaper.reap(clock())
        clock.turn(minutes=1)
    assert {outgoing.key for outgoing in gateway.log} == {str(command.key)}
    assert len(gateway.log) == 3
    assert state_of(command) == "failed"
    assert used(socket.platform) == [("day", 0, 0, 0), ("month", 0, 0, 0)]
    world.give(socket, "power_cycle", now=clock())  # the line is free


def test_a_refusal_for_good_is_not_tried_again(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = Sent(Outcome.REJECTED, Reason.PHONE, permanent=True)
    command = world.give(socket, "power_cycle")
    world.drive(gateway, clock)
    assert state_of(command) == "failed"


def test_an_unknown_one_is_never_sent_again_by_itself(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = world.UNKNOWN
    command = world.give(socket, "power_cycle")
    for _minute in range(30):
        world.drive(gateway, clock)
        reaper.reap(clock())
        clock.turn(minutes=1)
    assert len(gateway.log) == 1
    assert state_of(command) == "unresolved"
    assert used(socket.platform) == [("day", 1, 0, 0), ("month", 1, 0, 0)]


def test_the_database_itself_refuses_to_send_an_unknown_one_again(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = world.UNKNOWN
    command = world.give(socket, "power_cycle")
    world.drive(gateway, clock)
    for state in ("queued", "claimed", "sending"):
        with pytest.raises(IntegrityError, match="never sent again"), transaction.atomic():
            Command.objects.filter(pk=command.pk).update(state=state, lease_until=clock())


def test_a_person_closes_a_doubt_only_after_its_window_and_with_a_confirmation(
    socket: Device, gateway: Gateway, clock: Clock, alice: User
) -> None:
    gateway.says = world.UNKNOWN
    command = world.give(socket, "power_cycle", sender=world.sender(alice))
    world.drive(gateway, clock)
    by = world.sender(alice)
    with pytest.raises(commands.CommandRefused, match="too early"):
        commands.close_doubt(command, by, clock(), confirmed=True)
    clock.now += LIMITS.window
    with pytest.raises(commands.CommandRefused, match="Confirm"):
        commands.close_doubt(command, by, clock(), confirmed=False)
    commands.close_doubt(command, by, clock(), confirmed=True)
    assert state_of(command) == "unresolved"
    assert CommandLine.objects.get(command=command).closed


def test_a_dead_workers_claim_goes_back_into_the_queue(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    dead = outbox.claim(clock())
    assert dead is not None
    assert reaper.reap(clock()) == 0
    clock.now += LIMITS.lease
    assert reaper.reap(clock()) == 1
    assert outbox.intend(dead, clock()) is None
    world.drive(gateway, clock)
    assert len(gateway.log) == 1
    assert outbox.intend(dead, clock()) is None
    assert state_of(command) == "accepted"


def test_a_worker_whose_claim_was_taken_over_neither_sends_nor_records(
    socket: Device, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    old = outbox.claim(clock())
    clock.now += LIMITS.lease
    reaper.reap(clock())
    new = outbox.claim(clock())
    assert old is not None
    assert new is not None
    assert outbox.intend(old, clock()) is None
    assert outbox.intend(new, clock()) is not None
    assert outbox.record(old, world.REJECTED, clock()) is False
    assert state_of(command) == "sending"


def test_a_worker_that_died_at_the_wire_leaves_a_doubt(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    dead = outbox.claim(clock())
    assert dead is not None
    assert outbox.intend(dead, clock()) is not None
    clock.now += LIMITS.lease
    reaper.reap(clock())
    world.drive(gateway, clock)
    assert (state_of(command), gateway.log) == ("unknown", [])


@pytest.mark.parametrize(
    ("late", "state"),
    [(world.ACCEPTED, "accepted"), (world.REJECTED, "not_sent"), (world.UNKNOWN, "unknown")],
)
def test_what_a_late_worker_knows_ends_the_doubt(
    late: Sent, state: str, socket: Device, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    slow = outbox.claim(clock())
    assert slow is not None
    outbox.intend(slow, clock())
    clock.now += LIMITS.lease
    reaper.reap(clock())
    outbox.record(slow, late, clock())
    assert state_of(command) == state


def test_a_line_has_one_power_command_at_a_time(socket: Device, clock: Clock) -> None:
    world.give(socket, "power_cycle")
    with pytest.raises(commands.CommandRefused, match="under way"):
        world.give(socket, "power_off")
    world.give(socket, "power_on")
    asked, held = world.give(socket, "status"), CommandLine.objects.get(holds=True)
    # The database refuses it too, whoever did not see the first one.
    with pytest.raises(IntegrityError, match="line"), transaction.atomic():
        CommandLine.objects.create(
            platform_id=asked.platform_id, command=asked, line=held.line, holds=True
        )


def test_a_command_to_both_lines_holds_both(pair: Device) -> None:
    both = world.give(pair, "power_off")
    assert both.lines.count() == 2
    for line in ("1", "2"):
        with pytest.raises(commands.CommandRefused, match="under way"):
            world.give(pair, "power_off_line", {"line": line})


def test_two_lines_of_one_socket_are_commanded_at_once(pair: Device) -> None:
    world.give(pair, "power_off_line", {"line": "1"})
    world.give(pair, "power_off_line", {"line": "2"})
    with pytest.raises(commands.CommandRefused, match="under way"):
        world.give(pair, "power_off")


def test_the_index_refuses_a_second_command_to_a_line_that_code_let_through(
    socket: Device,
) -> None:
    held = CommandLine.objects.get(command=world.give(socket, "power_cycle"))
    other = world.give(socket, "status")
    with pytest.raises(IntegrityError), transaction.atomic():
        CommandLine.objects.create(
            platform_id=held.platform_id, command=other, line=held.line, holds=True
        )


def test_a_line_cools_down_and_switching_on_does_not_wait(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    world.give(socket, "power_off")
    world.drive(gateway, clock)
    clock.now += LIMITS.reply
    clock.turn(seconds=-1)
    reaper.reap(clock())
    Command.objects.update(closed=True)
    CommandLine.objects.update(closed=True)
    with pytest.raises(commands.CommandRefused, match="short time ago"):
        world.give(socket, "power_off", now=clock())
    world.give(socket, "power_on", now=clock())
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#0#", "#01#0#"]
    world.give(socket, "power_off", now=NOON + COOLDOWN)


def test_the_database_holds_the_cooldown_when_no_gate_does(
    socket: Device, gateway: Gateway, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.give(socket, "power_cycle")
    world.drive(gateway, clock)
    Command.objects.update(closed=True)
    CommandLine.objects.update(closed=True)
    cooling = CommandLine.objects.get()
    kept = cooling.cooldown_until
    CommandLine.objects.update(cooldown_until=None)
    second = world.give(socket, "power_cycle", now=clock.turn(minutes=1))
    CommandLine.objects.filter(pk=cooling.pk).update(cooldown_until=kept)
    monkeypatch.setattr(gates, "_of_cooldown", lambda command, now: None)
    world.drive(gateway, clock)
    assert state_of(second) == "cancelled"
    assert second.reason.startswith("cooldown")
    assert len(gateway.log) == 1
    assert used(socket.platform)[0] == ("day", 1, 0, 0)


def test_an_off_is_followed_by_its_on_after_the_wait(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    head = world.give(pair, "power_cycle_line", {"line": "2"})
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#2#"]
    assert used(pair.platform)[0] == ("day", 1, 1, 0)
    clock.turn(seconds=29)
    world.drive(gateway, clock)
    assert len(gateway.log) == 1
    clock.turn(seconds=1)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#2#", "#01#2#"]
    assert used(pair.platform)[0] == ("day", 2, 0, 0)
    clock.turn(minutes=11)
    reaper.reap(clock())
    assert not CommandLine.objects.filter(closed=False).exists()
    assert state_of(head) == "accepted"


@pytest.mark.parametrize("dies", ["before the wire", "after the wire"])
def test_the_on_is_owed_when_the_worker_of_the_off_dies(
    dies: str, pair: Device, gateway: Gateway, clock: Clock
) -> None:
    world.give(pair, "power_cycle_line", {"line": "1"})
    dead = outbox.claim(clock())
    assert dead is not None
    intent = outbox.intend(dead, clock())
    assert intent is not None
    if dies == "after the wire":
        outbox.wire(intent, gateway, clock)
    gateway.log.clear()
    clock.now += LIMITS.lease
    world.drive(gateway, clock)
    assert gateway.log == []  # the off may still be on its way
    reaper.reap(clock())
    world.drive(gateway, clock)
    assert gateway.texts == ["#01#1#"]


def test_nothing_stops_an_on_that_is_owed(pair: Device, gateway: Gateway, clock: Clock) -> None:
    world.give(pair, "power_cycle_line", {"line": "1"})
    world.drive(gateway, clock)
    Platform.objects.filter(pk=pair.platform_id).update(active=False, sms_limit_day=1)
    Device.objects.filter(pk=pair.pk).update(enabled=False, phone="+79990000000")
    Pause.objects.create(platform=None, reason="stop everything", author_name="root")
    clock.turn(seconds=30)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#01#1#"]
    assert gateway.log[1].phone == gateway.log[0].phone


def test_an_owed_on_goes_again_until_a_gateway_takes_it_even_over_the_limit(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    Platform.objects.filter(pk=pair.platform_id).update(sms_limit_day=2)
    world.give(pair, "power_cycle_line", {"line": "1"}, sender=Sender.job("j"), now=NOON)
    Platform.objects.filter(pk=pair.platform_id).update(sms_limit_day=3)
    world.drive(gateway, clock)
    Platform.objects.filter(pk=pair.platform_id).update(sms_limit_day=2)
    gateway.says = world.UNKNOWN
    for _minute in range(8):
        world.drive(gateway, clock)
        clock.turn(minutes=1)
        reaper.reap(clock())
    gateway.says = world.ACCEPTED
    for _minute in range(12):
        clock.turn(minutes=1)
        reaper.reap(clock())
        world.drive(gateway, clock)
    on = Command.objects.get(effect="on")
    assert on.state == "accepted"
    assert gateway.texts.count("#02#1#") == 1
    assert on.tries == gateway.texts.count("#01#1#") > 2
    day = BudgetPeriod.objects.get(span="day")
    assert (day.used, day.reserved) == (2, 0)
    assert day.used + day.beyond == len(gateway.log)


def test_an_off_that_provably_went_nowhere_leaves_no_on(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = Sent(Outcome.REJECTED, Reason.PHONE, permanent=True)
    world.give(pair, "power_cycle_line", {"line": "1"})
    world.drive(gateway, clock)
    clock.turn(hours=1)
    reaper.reap(clock())
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#"]
    assert set(Command.objects.values_list("state", flat=True)) == {"failed", "cancelled"}
    assert used(pair.platform) == [("day", 0, 0, 0), ("month", 0, 0, 0)]


def test_a_refused_off_is_tried_again_and_its_on_follows_the_try_that_worked(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    gateway.says = world.REJECTED
    world.give(pair, "power_cycle_line", {"line": "1"})
    world.drive(gateway, clock)
    assert used(pair.platform)[0] == ("day", 0, 0, 0)
    gateway.says = world.ACCEPTED
    reaper.reap(clock())
    clock.turn(seconds=40)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#02#1#"]
    clock.turn(seconds=30)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#02#1#", "#01#1#"]


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        (lambda d: Platform.objects.filter(pk=d.platform_id).update(active=False), "platform"),
        (lambda d: Device.objects.filter(pk=d.pk).update(enabled=False), "device"),
        (lambda d: Device.objects.filter(pk=d.pk).update(phone="+79990000001"), "device"),
        (lambda d: Pause.objects.create(platform=None, reason="r", author_name="x"), "pause"),
        (
            lambda d: Pause.objects.create(
                platform_id=d.platform_id, device=d, reason="r", author_name="x"
            ),
            "pause",
        ),
        (lambda d: Platform.objects.filter(pk=d.platform_id).update(sms_limit_day=0), "budget"),
        (lambda d: Platform.objects.filter(pk=d.platform_id).update(sms_limit_month=0), "budget"),
    ],
)
def test_what_changed_since_it_was_given_stops_it_with_a_reason(
    change: "object", gate: str, socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    assert callable(change)
    change(socket)
    world.drive(gateway, clock)
    assert (state_of(command), gateway.log) == ("cancelled", [])
    assert command.reason.startswith(f"{gate}: ")
    assert CommandLine.objects.get(command=command).closed


def test_a_socket_that_became_reset_only_meanwhile_is_restarted_and_not_switched_off(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    off = world.give(pair, "power_off_line", {"line": "1"})
    world.give(pair, "power_cycle_line", {"line": "2"})
    Device.objects.filter(pk=pair.pk).update(reset_only=True)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#2#"]
    assert state_of(off) == "cancelled"
    assert off.reason.startswith("reset_only: ")


def test_a_gate_of_jobs_stops_jobs_and_not_people(
    socket: Device, gateway: Gateway, clock: Clock, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gates.of_jobs, "brake", lambda command, now: "too many are bad")
    by_job = world.give(socket, "status")
    by_alice = world.give(socket, "status", sender=world.sender(alice))
    world.drive(gateway, clock)
    assert (state_of(by_job), by_job.reason) == ("cancelled", "brake: too many are bad")
    assert state_of(by_alice) == "accepted"


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("disabled", "disabled"), ("gone", "gone"), ("member no more", "any more"),
        ("viewer now", "any more"), ("socket taken from it", "any more"),
    ],
)  # fmt: skip
def test_a_person_who_lost_the_right_meanwhile_sends_nothing(
    lost: str, words: str, socket: Device, gateway: Gateway, clock: Clock
) -> None:
    carl = factories.make_member(socket.platform, Role.USER)
    Assignment.objects.create(platform=socket.platform, user=carl, device=socket)
    off = world.give(socket, "power_off", sender=world.sender(carl))
    mine = Membership.objects.filter(user=carl)
    match lost:
        case "disabled":
            User.objects.filter(pk=carl.pk).update(is_active=False)
        case "gone":
            Command.objects.update(author=None)
        case "member no more":
            mine.delete()
        case "viewer now":
            mine.update(role=Role.VIEWER)
        case "socket taken from it":
            Assignment.objects.all().delete()
    by_job = world.give(socket, "status")
    world.drive(gateway, clock)
    assert (state_of(off), state_of(by_job), gateway.texts) == ("cancelled", "accepted", ["#07#"])
    assert off.reason.startswith("author: ")
    assert words in off.reason
    assert CommandLine.objects.get(command=off).closed


def test_the_on_of_a_person_who_lost_the_right_after_the_off_goes_out(
    pair: Device, gateway: Gateway, clock: Clock, alice: User
) -> None:
    world.give(pair, "power_cycle_line", {"line": "1"}, sender=world.sender(alice))
    world.drive(gateway, clock)
    Membership.objects.filter(user=alice).delete()
    clock.turn(seconds=30)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#01#1#"]


def test_what_waits_too_long_expires_and_frees_its_line(
    socket: Device, gateway: Gateway, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    clock.turn(minutes=15)
    world.drive(gateway, clock)
    reaper.reap(clock())
    assert (state_of(command), gateway.log) == ("expired", [])
    world.give(socket, "power_cycle", now=clock())


def test_a_closed_command_stays_closed_and_its_text_never_changes(
    socket: Device, clock: Clock
) -> None:
    command = world.give(socket, "power_cycle")
    for values in ({"text": "#02#"}, {"phone": "+79990000009"}):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            Command.objects.filter(pk=command.pk).update(**values)
    commands.cancel(command, Sender.job("j"), clock())
    assert state_of(command) == State.CANCELLED.value
    with pytest.raises(IntegrityError, match="stays over"), transaction.atomic():
        Command.objects.filter(pk=command.pk).update(state="queued", closed=False)
    with pytest.raises(commands.CommandRefused):
        commands.cancel(command, Sender.job("j"), clock())


def test_a_password_in_a_text_is_stored_sealed_and_sent_whole(
    socket: Device, gateway: Gateway, clock: Clock, alice: User
) -> None:
    secret = next(
        (each, parameter)
        for each in socket.model.shape.commands
        for parameter in each.parameters
        if parameter.secret
    )
    values = {
        each.name: "4711" if each.secret else each.default or "1" for each in secret[0].parameters
    }
    world.give(socket, secret[0].key, values, sender=world.sender(alice), confirmed=True)
    row = Command.objects.values().get()
    assert "4711" not in str({**row, "key": "", "secret_context": ""})
    world.drive(gateway, clock)
    assert "4711" in gateway.texts[0]
