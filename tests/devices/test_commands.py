"""Who may give which command, what is refused and how, and what the record keeps of it."""

from uuid import uuid4

import pytest

from devices import commands, synchronisation
from devices.commands import CommandRefused, queue
from devices.composition import ParametersRefused
from devices.models import (
    Assignment,
    Command,
    CommandTemplate,
    Device,
    DeviceModel,
    Pause,
    SmsGateway,
)
from devices.senders import Sender
from platforms.models import AuditEntry, Platform, User
from tests.devices import world
from tests.devices.world import NOON, give, sender

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

POWER, CONFIG, DESTROY = "power_cycle", "notify_call_on", "factory_reset"
MAY = {
    "root": {POWER, CONFIG, DESTROY},
    "alice": {POWER, CONFIG, DESTROY},
    "mona": {POWER, CONFIG},
    "ursula": set(),
    "bob": set(),
    "charlie": set(),
}
VALUES = {POWER: {"minutes": "1"}, DESTROY: {"password": "1234"}}


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


@pytest.mark.parametrize("key", [POWER, CONFIG, DESTROY])
@pytest.mark.parametrize(("who", "allowed"), MAY.items())
def test_the_role_decides_who_may_command(
    who: str, allowed: set[str], key: str, socket: Device, request: pytest.FixtureRequest
) -> None:
    by = sender(request.getfixturevalue(who))
    if key in allowed:
        give(socket, key, VALUES.get(key), sender=by, confirmed=True)
        return
    with pytest.raises(CommandRefused, match="role") as refusal:
        give(socket, key, VALUES.get(key), sender=by, confirmed=True)
    assert refusal.value.code == "role"
    entry = AuditEntry.objects.get(action="refused")
    assert entry.after == {"command": key, "refused": "role"}


def test_a_user_commands_assigned_sockets_and_no_more_than_power(
    socket: Device, ursula: User, bob: User
) -> None:
    for person in (ursula, bob):
        Assignment.objects.create(platform_id=socket.platform_id, user=person, device=socket)
    give(socket, POWER, sender=sender(ursula))
    for who, key in ((ursula, CONFIG), (ursula, DESTROY), (bob, "status")):
        with pytest.raises(CommandRefused, match="role"):
            give(socket, key, VALUES.get(key), sender=sender(who), confirmed=True)


def test_a_job_sends_what_jobs_may_and_nothing_else(socket: Device) -> None:
    job = Sender.job("Reboot the hung")
    give(socket, "status", sender=job)
    with pytest.raises(CommandRefused, match="role"):
        give(socket, CONFIG, sender=job)
    CommandTemplate.objects.filter(key="status").update(for_jobs=False)
    with pytest.raises(CommandRefused, match="Jobs"):
        give(socket, "status", sender=job)


def test_a_destructive_command_needs_its_confirmation(socket: Device, alice: User) -> None:
    with pytest.raises(CommandRefused, match="cannot be undone"):
        give(socket, DESTROY, VALUES[DESTROY], sender=sender(alice))


def test_wrong_parameters_are_refused_by_field(socket: Device, alice: User) -> None:
    with pytest.raises(ParametersRefused) as refusal:
        give(socket, POWER, {"minutes": "1#08#1234"}, sender=sender(alice))
    assert list(refusal.value.errors) == ["minutes"]
    assert not Command.objects.exists()


def test_the_same_key_is_the_same_command_and_never_another(socket: Device, alice: User) -> None:
    key, by = commands.key_of(socket.platform_id, "alice-1"), sender(alice)
    first = give(socket, POWER, sender=by, named=key)
    assert give(socket, POWER, sender=by, named=key) == first
    with pytest.raises(CommandRefused, match="another command") as refusal:
        give(socket, POWER, {"minutes": "2"}, sender=by, named=key)
    assert refusal.value.code == "key"
    assert Command.objects.count() == 1
    assert AuditEntry.objects.filter(action="commanded").count() == 1


def test_a_pause_names_its_author_and_lets_a_line_be_switched_on(
    socket: Device, alice: User
) -> None:
    Pause.objects.create(platform=None, reason="works on the mains", author_name="root")
    with pytest.raises(CommandRefused, match="root: works on the mains"):
        give(socket, POWER, sender=sender(alice))
    give(socket, "power_on", sender=sender(alice))
    give(socket, "status", sender=sender(alice))
    Pause.objects.update(expires_at=NOON)
    give(socket, POWER, sender=sender(alice))


def test_a_socket_for_resets_is_restarted_and_never_switched_off(
    platform_a: Platform, alice: User
) -> None:
    for model, off, cycle in (
        ("simpal_d210", "power_off", POWER),
        ("simpal_d410", "power_off", "power_cycle_line"),
    ):
        socket = world.make_socket(platform_a, model, reset_only=True)
        with pytest.raises(CommandRefused, match="not switched off"):
            give(socket, off, sender=sender(alice))
        values = {"line": "1"} if model == "simpal_d410" else None
        give(socket, cycle, values, sender=sender(alice))


def test_a_template_of_another_platform_or_model_is_no_command_of_this_socket(
    socket: Device, platform_a: Platform, platform_b: Platform, root: User
) -> None:
    other = world.make_socket(platform_a, "simpal_d410")
    definition = {
        "key": "own", "name": {"en": "Own", "ru": "Своя"}, "help": {"en": "Own", "ru": "Своя"},
        "code": "#07#", "effect": "query", "danger": "none",
    }  # fmt: skip
    foreign = CommandTemplate.objects.create(
        platform=platform_b, model=socket.model, key="own", definition=definition
    )
    own = CommandTemplate.objects.create(
        platform=platform_a, model=socket.model, key="own", definition=definition
    )
    for template in (foreign, world.template(other, "status")):
        with pytest.raises(CommandRefused, match="no such command"):
            queue(template, socket, {}, sender(root), uuid4(), NOON)
    assert queue(own, socket, {}, sender(root), uuid4(), NOON).text == "#07#"


def test_without_a_gateway_nothing_is_promised(socket: Device, alice: User) -> None:
    SmsGateway.objects.update(enabled=False)
    with pytest.raises(CommandRefused, match="no SMS gateway"):
        give(socket, POWER, sender=sender(alice))


def test_a_platforms_own_gateway_comes_before_the_shared_one(
    socket: Device, platform_a: Platform, platform_b: Platform, alice: User
) -> None:
    world.make_gateway(platform_b)
    own = world.make_gateway(platform_a)
    assert give(socket, "status", sender=sender(alice)).gateway == own


def test_taking_a_sequence_back_takes_all_of_it_back(platform_a: Platform, alice: User) -> None:
    socket = world.make_socket(platform_a, "simpal_d410")
    head = give(socket, "power_cycle_line", {"line": "1"}, sender=sender(alice))
    commands.cancel(head.followers.get(), sender(alice), NOON)
    assert set(Command.objects.values_list("state", "closed")) == {("cancelled", True)}
    give(socket, "power_cycle_line", {"line": "1"}, sender=sender(alice))


def test_the_catalogue_is_synchronised_and_destroys_nothing(
    socket: Device, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = CommandTemplate.objects.create(
        platform=platform_a, model=socket.model, key="own", definition={}
    )
    command = give(socket, POWER)
    assert synchronisation.synchronise() == 0
    gone = CommandTemplate.objects.create(model=socket.model, key="of_an_older_release")
    DeviceModel.objects.create(key="old_model", name="Old", version=1)
    DeviceModel.objects.filter(pk=socket.model_id).update(version=0)
    assert synchronisation.synchronise() == 3
    gone.refresh_from_db()
    assert gone.withdrawn_at is not None
    assert DeviceModel.objects.get(key="old_model").withdrawn_at is not None
    assert CommandTemplate.objects.get(pk=own.pk).withdrawn_at is None
    assert Command.objects.get(pk=command.pk).template_id is not None
