"""The demo's sockets: those of the simulated world, taken into use through the project's doors."""

import pytest

from demo import seeding, seeding_of_sockets
from demo.cast import CAST
from demo.sms.gateway import KEY
from demo.sms.wiring import GATEWAY_NUMBER, SocketModel, installed
from demo.vendors import Sizes
from demo.world import COMPANIES, EXAMPLE
from devices import sockets
from devices.gateways import DRIVERS
from devices.models import (
    Assignment,
    Binding,
    CommandTemplate,
    Device,
    DeviceLine,
    DeviceModel,
    SmsGateway,
)
from devices.parameters import check
from devices.synchronisation import synchronise
from devices.templates import fill
from exporters.models import Player
from platforms.audit import Action
from platforms.models import AuditEntry, Platform
from platforms.roles import Role

pytestmark = pytest.mark.django_db
FLEETS = Sizes(60, 2, 2).fleets()
SOCKETS = installed(FLEETS)
USED = [socket for socket in SOCKETS if not socket.is_spare]
GATEWAY = "http://127.0.0.1:8901"


@pytest.fixture(autouse=True)
def seeded() -> None:
    synchronise()
    seeding.seed(FLEETS, "word", "http://127.0.0.1:8900")
    assert seeding_of_sockets.seed(SOCKETS, GATEWAY) == len(USED)


def test_every_socket_but_the_spare_ones_is_in_use_on_its_platform_and_site() -> None:
    rows = Device.objects.values_list("phone", "name", "platform__name", "site__name", "model__key")
    assert set(rows) == {
        (each.phone, each.name, each.platform, each.site, each.model) for each in USED
    }
    assert not Device.objects.filter(commissioned_at=None).exists()
    lines = sum(len(each.model.lines) for each in USED)
    assert DeviceLine.objects.count() == lines


def test_players_hang_in_remosa_as_they_do_in_the_world() -> None:
    rows = Binding.objects.values_list("line__device__phone", "line__number", "player__identity")
    assert set(rows) == {
        (each.phone, number, player)
        for each in USED
        for number, players in each.players.items()
        for player in players
    }


def test_everything_leaves_a_trace() -> None:
    for model, rows in (("device", Device.objects), ("binding", Binding.objects)):
        made = AuditEntry.objects.filter(action=Action.CREATED, target_type=f"devices.{model}")
        assert made.count() == rows.count()


def test_there_is_one_gateway_for_all_that_its_driver_can_send_with() -> None:
    (gateway,) = SmsGateway.objects.all()
    assert (gateway.platform, gateway.address, gateway.region) == (None, GATEWAY, "RU")
    assert gateway.phone == GATEWAY_NUMBER
    account = gateway.account()
    assert account.secret == KEY
    DRIVERS[gateway.driver].check(account)


def test_the_gateway_follows_the_simulated_one_unless_the_visitor_wrote_another_address() -> None:
    seeding_of_sockets.seed(SOCKETS, "http://127.0.0.1:9901")
    (gateway,) = SmsGateway.objects.all()
    assert gateway.address == "http://127.0.0.1:9901"
    assert gateway.account().secret == KEY
    SmsGateway.objects.update(address="https://sms.example.test")
    seeding_of_sockets.seed(SOCKETS, GATEWAY)
    assert SmsGateway.objects.get().address == "https://sms.example.test"


def test_the_member_who_is_only_a_user_may_command_a_few_sockets_and_the_example() -> None:
    (person,) = (person for person in CAST if person.role is Role.USER)
    mine = Assignment.objects.filter(user__email=person.email)
    assert mine.count() == Assignment.objects.count() == seeding_of_sockets.ASSIGNED
    assert {row.platform.name for row in mine} == {COMPANIES[person.company].name}
    example = Binding.objects.get(player__identity=EXAMPLE[0])
    assert mine.filter(device=example.line.device).exists()


def test_each_platform_has_a_template_of_its_own_that_its_sockets_understand() -> None:
    own = CommandTemplate.objects.exclude(platform=None)
    assert own.count() == len(COMPANIES)
    for row in own:
        values = {each.name: check(each, each.default) for each in row.shape.parameters}
        read = row.model.shape.reader(fill(row.shape.steps[0].code, values))
        assert read is not None
        assert (read.danger, read.effect) == (row.shape.danger, row.shape.effect)


def test_limits_leave_room_to_try_and_can_be_met() -> None:
    for platform in Platform.objects.all():
        mine = Device.objects.filter(platform=platform).count()
        assert platform.sockets_limit == mine + seeding_of_sockets.SPARE_PLACES
        assert platform.sms_limit_day == seeding_of_sockets.SMS_A_DAY
        assert platform.sms_limit_month


def test_a_second_start_leaves_what_the_visitor_did() -> None:
    first, second = Device.objects.order_by("pk")[:2]
    sockets.retire(first, seeding.ACTOR)
    for player in Player.objects.filter(bindings__line__device=second):
        sockets.unbind(player, seeding.ACTOR)
    Platform.objects.update(sms_limit_day=None)
    counts = [model.objects.count() for model in (Device, Binding, Assignment, AuditEntry)]
    assert seeding_of_sockets.seed(SOCKETS, GATEWAY) == 0
    assert counts == [model.objects.count() for model in (Device, Binding, Assignment, AuditEntry)]
    assert not Platform.objects.exclude(sms_limit_day=None).exists()


def test_the_models_are_those_of_the_catalogue() -> None:
    keys = set(DeviceModel.objects.values_list("key", flat=True))
    assert {model.value for model in SocketModel} <= keys
