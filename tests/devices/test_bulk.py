"""One command to many sockets: who gets it, who is skipped and why, and nothing twice."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import bulk, composition, sockets
from devices.checks import CommandRefused
from devices.composition import Composed, ParametersRefused, TextRefused
from devices.models import Assignment, Command, CommandTemplate, Device
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.devices import world
from tests.devices.world import NOON, give, sender
from tests.exporters.watched_world import STATUS, World, sample, source

pytestmark = pytest.mark.django_db
MINUTE = {"minutes": "1"}


def several(platform: Platform, number: int) -> list[Device]:
    for _each in range(number):
        world.make_socket(platform)
    return fresh()


def fresh() -> list[Device]:
    return list(Device.objects.select_related("platform", "model").order_by("pk"))


def cycle() -> CommandTemplate:
    found: CommandTemplate = CommandTemplate.objects.get(
        key="power_cycle", model__key="simpal_d210"
    )
    return found


def skipped(plan: bulk.Plan) -> dict[str, str]:
    return {line.device.name: line.refusal.code for line in plan.skipped if line.refusal}


def test_a_dry_run_tells_who_gets_it_and_who_not_and_writes_nothing(
    platform_a: Platform, alice: User
) -> None:
    several(platform_a, 2)
    world.make_socket(platform_a, name="Off", enabled=False)
    give(world.make_socket(platform_a, name="Busy"), "power_cycle")
    world.make_socket(platform_a, "simpal_d410", name="Other model")
    devices, records = fresh(), AuditEntry.objects.count()
    plan = bulk.plan(cycle(), devices, MINUTE, sender(alice), NOON)
    assert skipped(plan) == {"Off": "device", "Busy": "in_flight", "Other model": "template"}
    assert [line.device for line in plan.lines] == devices
    assert (len(plan.passing), plan.segments) == (2, 2)
    assert Command.objects.count() == 1
    assert AuditEntry.objects.count() == records


def test_the_budget_is_counted_over_the_whole_selection(platform_a: Platform, alice: User) -> None:
    several(platform_a, 5)
    Platform.objects.update(sms_limit_day=3)
    plan = bulk.send(cycle(), fresh(), MINUTE, sender(alice), NOON, uuid4(), counted=3)
    assert list(skipped(plan).values()) == ["budget", "budget"]
    assert Command.objects.count() == 3
    assert AuditEntry.objects.filter(action="refused").count() == 2


def test_a_text_that_one_socket_would_not_understand_keeps_nobody_else_from_it(
    platform_a: Platform, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template changes between two sockets, which nothing outside can be made to do."""
    devices = several(platform_a, 3)
    texts = iter([None, None, TextRefused("outside the grammar"), None])  # the plan is the first

    def compose(*told: Any) -> Composed:
        if error := next(texts):
            raise error
        return composition.compose(*told)

    monkeypatch.setattr("devices.checks.compose", compose)
    plan = bulk.send(cycle(), devices, MINUTE, sender(alice), NOON, uuid4())
    assert skipped(plan) == {devices[1].name: "text"}
    assert list(Command.objects.order_by("pk").values_list("device", flat=True)) == [
        devices[0].pk, devices[2].pk,
    ]  # fmt: skip
    assert AuditEntry.objects.get(action="refused").after["refused"] == "text"


def test_the_same_key_gives_nothing_twice_and_completes_what_was_cut_short(
    platform_a: Platform, alice: User
) -> None:
    Platform.objects.update(sms_limit_day=4)
    devices, key = several(platform_a, 4), uuid4()
    bulk.send(cycle(), devices[:2], MINUTE, sender(alice), NOON, key)
    first = set(Command.objects.values_list("pk", flat=True))
    for _again in range(2):
        plan = bulk.send(cycle(), fresh(), MINUTE, sender(alice), NOON, key)
        assert not plan.skipped
    assert Command.objects.count() == 4
    assert first < {line.command.pk for line in plan.lines if line.command}


def test_to_switch_many_their_number_has_to_be_typed(platform_a: Platform, alice: User) -> None:
    devices, key = several(platform_a, bulk.HANDFUL + 1), uuid4()
    few = bulk.plan(cycle(), devices[1:], MINUTE, sender(alice), NOON)
    assert not few.demands_count
    for counted in (None, bulk.HANDFUL, len(devices) + 1):
        with pytest.raises(CommandRefused) as refusal:
            bulk.send(cycle(), devices, MINUTE, sender(alice), NOON, key, counted)
        assert refusal.value.code == "count"
    assert not Command.objects.exists()
    bulk.send(cycle(), devices, MINUTE, sender(alice), NOON, key, len(devices))
    assert Command.objects.count() == len(devices)
    status = world.template(devices[0], "status")
    assert not bulk.plan(status, devices, {}, sender(alice), NOON).demands_count


def test_what_cannot_be_undone_demands_the_number_even_of_one(
    platform_a: Platform, alice: User, mona: User
) -> None:
    devices = several(platform_a, 1)
    reset, pin = world.template(devices[0], "factory_reset"), {"password": "1234"}
    with pytest.raises(CommandRefused, match="number"):
        bulk.send(reset, devices, pin, sender(alice), NOON, uuid4())
    of_mona = bulk.send(reset, devices, pin, sender(mona), NOON, uuid4(), 1)
    assert skipped(of_mona) == {devices[0].name: "role"}
    bulk.send(reset, devices, pin, sender(alice), NOON, uuid4(), 1)
    assert Command.objects.get().text == "#08#••••#"


def test_a_user_reaches_the_assigned_sockets_of_a_selection(
    platform_a: Platform, platform_b: Platform, ursula: User
) -> None:
    devices = several(platform_a, 2)
    Assignment.objects.create(platform=platform_a, user=ursula, device=devices[0])
    world.make_socket(platform_b, name="Foreign")
    plan = bulk.send(cycle(), fresh(), MINUTE, sender(ursula), NOON, uuid4())
    assert [line.device for line in plan.passing] == [devices[0]]
    assert set(skipped(plan).values()) == {"role"}


def test_the_players_that_would_go_dark_are_counted(
    watched: World, platform_a: Platform, alice: User, exporter_a: Exporter
) -> None:
    lit, hung = (factories.make_mac(exporter_a).player for _each in range(2))
    first, second = several(platform_a, 2)
    for player in (lit, hung):
        sockets.bind(player, first.lines.get(), SYSTEM)
    watched.say([source(exporter_a), sample(STATUS, lit, 1), sample(STATUS, hung, 0)])
    plan = bulk.plan(cycle(), [first, second], MINUTE, sender(alice), NOON)
    assert [(line.players, line.online) for line in plan.lines] == [(2, 1), (0, 0)]
    assert plan.online == 1


def test_a_dry_run_asks_the_same_number_of_questions_of_any_selection(
    platform_a: Platform, ursula: User
) -> None:
    counts = []
    for number in (2, 20):
        several(platform_a, number)
        with CaptureQueriesContext(connection) as queries:
            bulk.plan(cycle(), fresh(), MINUTE, sender(ursula), NOON)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_too_many_none_and_wrong_values_are_refused_as_a_whole(
    platform_a: Platform, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = several(platform_a, 2)
    with pytest.raises(ParametersRefused):
        bulk.plan(cycle(), devices, {"minutes": "+7001#08#1234"}, sender(alice), NOON)
    other = world.make_socket(platform_a, "simpal_d410")
    with pytest.raises(CommandRefused, match="None of these"):
        bulk.plan(cycle(), [other], MINUTE, sender(alice), NOON)
    monkeypatch.setattr(bulk, "MOST", 1)
    with pytest.raises(CommandRefused, match="At most 1 socket"):
        bulk.plan(cycle(), devices, MINUTE, sender(alice), NOON)
