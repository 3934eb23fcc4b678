"""Sockets and commands never link two platforms; shared rows may be linked to by all."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from devices import sockets
from devices.models import (
    Command,
    CommandTemplate,
    CommissioningTrial,
    Device,
    IncomingSms,
    Pause,
    PowerOutage,
    SmsGateway,
)
from platforms import guards, integrity
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from platforms.roles import Deed
from tests import factories
from tests.devices import world

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SHARED = {"devices.CommandTemplate", "devices.IncomingSms", "devices.Pause", "devices.SmsGateway"}
LINKS_TO_SHARED = {
    "devices.Command.gateway",
    "devices.Command.template",
    "devices.Device.gateway",
    "devices.IncomingSms.gateway",
    "devices.PowerOutage.ended_by",
    "devices.PowerOutage.told_by",
}


def label(link: Any) -> str:
    return f"{link.model._meta.label}.{link.name}"


def refused(rows: "models.QuerySet[Any]", match: str | None = None, **values: Any) -> None:
    """Update by a query, past every form; the database has to refuse it."""
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        rows.update(**values)
        connection.check_constraints()


def test_the_guards_follow_from_the_models() -> None:
    shared = {model._meta.label for model in guards.shared_models()}
    assert {each for each in shared if each.startswith("devices.")} == SHARED
    links = {label(link) for link in guards.shared_links()}
    assert {each for each in links if each.startswith("devices.")} == LINKS_TO_SHARED
    assert integrity.missing(connection) == []
    assert integrity.check_links_can_be_guarded(None) == []


@pytest.fixture
def pair(platform_a: Platform, platform_b: Platform) -> dict[str, Any]:
    """A command with all it hangs on, once on A and once on B."""
    found: dict[str, Any] = {}
    for name, platform in (("a", platform_a), ("b", platform_b)):
        device = world.make_socket(platform, gateway=world.make_gateway(platform))
        command = world.give(device, "power_cycle")
        exporter = factories.make_exporter(platform)
        player = factories.make_player(exporter)
        line = device.lines.get()
        found[name] = {
            "device": device,
            "command": command,
            "line": line,
            "player": player,
            "site": factories.make_site(platform),
            "template": CommandTemplate.objects.create(
                platform=platform, model=device.model, key="own", definition={}
            ),
            "gateway": device.gateway,
            "binding": sockets.bind(player, line, SYSTEM),
        }
    return found


def free_rows(of_b: dict[str, Any]) -> list[Any]:
    """Return rows of B to which nothing hangs yet, so that only a guard can refuse the link."""
    platform = of_b["device"].platform
    bare = world.make_socket(platform)
    bare.lines.all().delete()
    player = factories.make_player(factories.make_exporter(platform))
    message = IncomingSms.objects.create(
        platform=platform, gateway=of_b["gateway"], identity="0", text="ON"
    )
    return [world.make_socket(platform).lines.get(), bare, player, message]


LINKS: list["models.ForeignKey[Any, Any]"] = [
    link
    for link in (*guards.links(), *guards.shared_links())
    if link.model._meta.app_label == "devices"
]


@pytest.mark.parametrize("link", sorted(LINKS, key=label), ids=label)
def test_no_row_of_a_platform_links_to_another_one(
    link: "models.ForeignKey[Any, Any]", pair: dict[str, Any], platform_a: Platform, alice: User
) -> None:
    foreign = {type(row): row for row in (*pair["b"].values(), *free_rows(pair["b"]))}
    target = foreign[link.related_model]
    rows: models.QuerySet[Any] = link.model._base_manager.filter(platform=platform_a)
    if not rows.exists():
        device = pair["a"]["device"]
        values: dict[str, Any] = {"platform": platform_a}
        if link.model is IncomingSms:
            values |= {"gateway": pair["a"]["gateway"], "identity": "1", "text": "ON"}
        elif link.model is PowerOutage:
            values |= {"device": device, "began": world.NOON}
        elif link.model is CommissioningTrial:
            values |= {"device": device, "trial": "query", "started_at": world.NOON}
        elif link.model is Pause:
            values |= {"reason": "r", "author_name": "alice"}
        else:
            values |= {"user": alice, "device": device}
        link.model._base_manager.create(**values)
    columns = {link.column}
    if link.column in ("head_id", "previous_id"):
        columns = {"head_id", "previous_id"}  # else another constraint speaks first
    refused(
        rows, "guard_|links rows of two|to whom never changes", **dict.fromkeys(columns, target.pk)
    )


@pytest.mark.parametrize("model", [Device, Command, SmsGateway, CommandTemplate], ids=str)
def test_a_row_never_changes_its_platform(
    model: Any, pair: dict[str, Any], platform_a: Platform, platform_b: Platform
) -> None:
    refused(model.objects.filter(platform=platform_a), platform_id=platform_b.pk)


def test_a_shared_row_never_becomes_a_platforms(pair: dict[str, Any], platform_a: Platform) -> None:
    world.make_gateway()
    refused(SmsGateway.objects.filter(platform=None), platform_id=platform_a.pk)
    refused(CommandTemplate.objects.filter(platform=None), platform_id=platform_a.pk)


def test_a_message_is_given_to_a_platform_once(
    pair: dict[str, Any], platform_a: Platform, platform_b: Platform
) -> None:
    message = IncomingSms.objects.create(gateway=world.make_gateway(), identity="1", text="ON")
    rows = IncomingSms.objects.filter(pk=message.pk)
    refused(rows, device_id=pair["a"]["device"].pk)  # nobody's yet
    rows.update(platform_id=platform_a.pk, device_id=pair["a"]["device"].pk)
    connection.check_constraints()
    refused(rows, platform_id=platform_b.pk, device_id=None)
    refused(rows, platform_id=None, device_id=None)


def test_a_message_that_is_nobodys_may_come_by_a_platforms_gateway_and_only_there_be_adopted(
    pair: dict[str, Any], platform_a: Platform
) -> None:
    foreign = pair["b"]["gateway"]
    message = IncomingSms.objects.create(gateway=foreign, identity="9", text="ON")
    connection.check_constraints()
    rows = IncomingSms.objects.filter(pk=message.pk)
    refused(rows, "links rows of two", platform_id=platform_a.pk)
    rows.update(platform_id=foreign.platform_id)
    connection.check_constraints()


def test_a_global_pause_stops_no_single_socket(pair: dict[str, Any]) -> None:
    pause = Pause.objects.create(platform=None, reason="r", author_name="root")
    refused(Pause.objects.filter(pk=pause.pk), device_id=pair["a"]["device"].pk)


def test_a_phone_in_use_belongs_to_one_socket_of_all_platforms(
    platform_a: Platform, platform_b: Platform
) -> None:
    first = world.make_socket(platform_a, phone="+79001112233")
    for platform in (platform_a, platform_b):
        with pytest.raises(sockets.PhoneTaken, match="cannot be used"):
            world.make_socket(platform, phone="8 (900) 111-22-33".replace("8 ", "+7 ", 1))
    sockets.retire(first, SYSTEM)
    second = world.make_socket(platform_b, phone="+79001112233")
    refused(Device.objects.filter(pk=first.pk), retired_at=None)
    assert second.platform_id == platform_b.pk


def test_a_player_hangs_on_one_line_and_its_history_stays(
    pair: dict[str, Any], platform_a: Platform
) -> None:
    player, device = pair["a"]["player"], world.make_socket(platform_a)
    sockets.bind(player, device.lines.get(), SYSTEM)
    assert player.bindings.count() == 2
    assert player.bindings.get(ended_at=None).line.device_id == device.pk
    refused(player.bindings.all(), ended_at=None)


def test_shared_templates_are_seen_by_members_and_changed_by_superadmins(
    pair: dict[str, Any], alice: User, charlie: User, root: User
) -> None:
    shared = CommandTemplate.objects.filter(platform=None)
    assert shared.exists()
    for member, own, foreign in ((alice, "a", "b"), (charlie, "b", "a")):
        seen = CommandTemplate.objects.for_user(member)
        assert set(shared) < set(seen)
        assert pair[own]["template"] in seen
        assert pair[foreign]["template"] not in seen
        changed = CommandTemplate.objects.for_user(member, Deed.FLEET)
        assert list(changed) == [pair[own]["template"]]
    assert CommandTemplate.objects.for_user(root, Deed.FLEET).count() == shared.count() + 2
    assert not CommandTemplate.objects.for_user(factories.make_user()).exists()


def test_gateways_and_unmatched_messages_are_for_superadmins(
    pair: dict[str, Any], alice: User, root: User
) -> None:
    IncomingSms.objects.create(gateway=world.make_gateway(), identity="1", text="spam")
    assert not SmsGateway.objects.for_user(alice).exists()
    assert not IncomingSms.objects.for_user(alice).exists()
    assert SmsGateway.objects.for_user(root).count() == 3
    assert IncomingSms.objects.for_user(root).count() == 1
