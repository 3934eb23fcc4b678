"""What a list of sockets does: the plan, doing exactly that, and nothing of other platforms."""

import csv
import io
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import importing, synchronisation
from devices.import_plan import Plan, PlanChanged, plan
from devices.importing import import_sockets
from devices.models import Binding, Device, DeviceLine
from devices.socket_sheet import COLUMNS, Row, read
from exporters.models import Exporter, ExporterMac
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform
from tests import factories
from tests.devices import world
from tests.devices.world import together

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

HEAD = "phone,name,model,site,line,player,enabled,reset_only,notes\n"
HALL = "+79001000001,Hall,d210,Mall,1,02:00:00:00:00:01,yes,no,by the stairs\n"


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    synchronisation.synchronise()


@pytest.fixture
def mac(platform_a: Platform, exporter_a: Exporter) -> ExporterMac:
    factories.make_site(platform_a, "Mall")
    return factories.make_mac(exporter_a, "02:00:00:00:00:01", "Left LED")


def rows(text: str) -> list[Row]:
    sheet = read((HEAD + text).encode())
    assert not sheet.rejected
    return sheet.rows


def done(platform: Platform, text: str) -> Plan:
    """Import as a person does: what the plan says."""
    lines = rows(text)
    return import_sockets(platform, lines, SYSTEM, plan(platform, lines).digest())


def whys(outcome: Plan) -> list[tuple[int, str]]:
    return [(each.row.line, each.why) for each in outcome.refused]


def test_a_list_makes_sockets_with_their_lines_and_hangs_players(
    platform_a: Platform, mac: ExporterMac
) -> None:
    done(platform_a, HALL + "+79001000002,Twin,simpal_d410,,2,,no,yes,\n")
    hall, twin = Device.objects.order_by("phone")
    assert (hall.name, hall.model.key, str(hall.site)) == ("Hall", "simpal_d210", "Mall")
    assert (hall.enabled, hall.reset_only, hall.notes) == (True, False, "by the stairs")
    assert (twin.enabled, twin.reset_only, twin.site) == (False, True, None)
    assert list(DeviceLine.objects.filter(device=twin).values_list("number", flat=True)) == [1, 2]
    [binding] = Binding.objects.all()
    assert (binding.player_id, binding.line.device) == (mac.player_id, hall)
    acts = AuditEntry.objects.filter(action="created", target_type__startswith="devices.")
    assert sorted(acts.values_list("target", flat=True)) == ["Hall", "Left LED ← Hall · 1", "Twin"]


def test_the_same_list_again_changes_nothing(platform_a: Platform, mac: ExporterMac) -> None:
    done(platform_a, HALL)
    outcome = plan(platform_a, rows(HALL))
    assert outcome.writes == 0
    assert [row.line for row in outcome.already] == [2]


def test_what_was_exported_changes_nothing_when_it_comes_back(
    platform_a: Platform, mac: ExporterMac
) -> None:
    second = factories.make_exporter(platform_a)
    twin = factories.make_mac(second, mac.mac, "Left LED")  # two exporters watch it
    other = factories.make_mac(second, "02:00:00:00:00:02", "=cmd()")
    socket = world.make_socket(platform_a, "simpal_d410", name="-Hall", notes="a\n'b")
    for number, player in ((1, twin.player), (1, other.player)):
        line = socket.lines.get(number=number)
        Binding.objects.create(platform=platform_a, player=player, line=line)
    world.make_socket(platform_a, name="Бар", enabled=False, reset_only=True)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(
        importing.exported(Device.objects.filter(platform=platform_a), with_platform=False)
    )
    sheet = read(file.getvalue().encode())
    outcome = plan(platform_a, sheet.rows)
    assert (sheet.rejected, outcome.refused, outcome.writes) == ([], [], 0)
    assert len(outcome.already) == 3


def test_a_socket_that_is_there_changes_where_something_else_stands(
    platform_a: Platform, mac: ExporterMac
) -> None:
    done(platform_a, HALL)
    outcome = done(platform_a, "+79001000001,Entrance,,,,,no,,\n")
    [change] = outcome.changed
    assert change.columns == (("name", "Hall", "Entrance"), ("enabled", True, False))
    device = Device.objects.get()
    assert (device.name, device.enabled, str(device.site)) == ("Entrance", False, "Mall")
    entry = AuditEntry.objects.get(action="changed", target_type="devices.device")
    assert entry.before == {"name": "Hall", "enabled": True}
    assert entry.after == {"name": "Entrance", "enabled": False}


def test_a_player_moves_and_its_history_stays(platform_a: Platform, mac: ExporterMac) -> None:
    done(platform_a, HALL)
    outcome = done(platform_a, "+79001000002,Bar,d210,,,Left LED,,,\n")
    assert [(each.player, each.before) for each in outcome.hung] == [("Left LED", "Hall · 1")]
    history = Binding.objects.filter(player=mac.player).order_by("pk")
    assert [(each.line.device.name, each.ended_at is None) for each in history] == [
        ("Hall", False),
        ("Bar", True),
    ]


def test_what_is_refused_says_why_line_by_line(platform_a: Platform, exporter_a: Exporter) -> None:
    for number in (1, 2):
        factories.make_mac(exporter_a, f"02:00:00:00:00:0{number}", "Twin")
    world.make_socket(platform_a, phone="+79001000009", name="There")
    text = (
        "+79001000001,,d210,,,,,,\n+79001000002,A,,,,,,,\n+79001000003,B,d999,,,,,,\n"
        "+79001000004,C,d210,Nowhere,,,,,\n+79001000005,D,d210,,2,,,,\n"
        "+79001000006,E,d410,,,02:00:00:00:00:01,,,\n+79001000007,F,d210,,,Nobody,,,\n"
        "+79001000008,G,d210,,,Twin,,,\n+79001000009,,d410,,,,,,\n"
        "+79001000010,H,d210,,,02:00:00:00:00:02,,,\n"
        "+79001000011,I,d210,,,02-00-00-00-00-02,,,\n"
    )
    outcome = plan(platform_a, rows(text))
    known = "generic, simpal_d210, simpal_d410"
    assert whys(outcome) == [
        (2, "A new socket needs a name."),
        (3, f"A new socket needs its model: {known}."),
        (4, f"There is no such socket model. Known are: {known}."),
        (5, "There is no such site on this platform: add it first."),
        (6, "There is no line 2: this model has 1."),
        (7, "Say on which line the player hangs: 1 to 2."),
        (8, "There is no such player on this platform."),
        (9, "2 players are called like this: write the MAC or the device id."),
        (10, "This socket is a SimPal D210. For other hardware replace it on its own page."),
        (12, "This player stands on line 11 already."),
    ]
    assert [new.name for new in outcome.created] == ["H"]


def test_another_platforms_rows_are_as_if_they_were_not_there(
    platform_a: Platform, platform_b: Platform, exporter_b: Exporter
) -> None:
    factories.make_site(platform_b, "Cinema")
    factories.make_mac(exporter_b, "02:00:00:00:00:0B", "Foyer")
    theirs = world.make_socket(platform_b, name="Foyer", phone="+79001000001")
    text = (
        "+79001000001,Mine,d210,,,,,,\n+79001000002,A,d210,Cinema,,,,,\n"
        "+79001000003,B,d210,,,Foyer,,,\n+79001000004,C,d210,,,02:00:00:00:00:0B,,,\n"
    )
    before = Device.objects.filter(pk=theirs.pk).values().get()
    assert whys(done(platform_a, text)) == [
        (2, "This phone number cannot be used."),
        (3, "There is no such site on this platform: add it first."),
        (4, "There is no such player on this platform."),
        (5, "There is no such player on this platform."),
    ]
    assert Device.objects.filter(pk=theirs.pk).values().get() == before
    assert Device.objects.filter(platform=platform_a).count() == 0


def test_the_limit_lets_the_first_lines_in(platform_a: Platform) -> None:
    platform_a.sockets_limit = 2
    platform_a.save()
    lines = "".join(f"+7900100000{number},S{number},d210,,,,,,\n" for number in range(4))
    outcome = done(platform_a, lines)
    why = "The platform may have 2 sockets and has them all."
    assert whys(outcome) == [(4, why), (5, why)]
    assert Device.objects.count() == 2


def test_a_plan_that_no_longer_fits_is_told_anew_and_nothing_is_done(
    platform_a: Platform, mac: ExporterMac
) -> None:
    lines = rows(HALL + "+79001000002,Bar,d210,,,,,,\n")
    agreed = plan(platform_a, lines).digest()
    world.make_socket(platform_a, phone="+79001000002", name="Bar")
    with pytest.raises(PlanChanged) as changed:
        import_sockets(platform_a, lines, SYSTEM, agreed)
    assert [new.name for new in changed.value.now.created] == ["Hall"]
    assert Device.objects.count() == 1
    assert not Binding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_files_never_take_the_last_place_twice(platform_a: Platform) -> None:
    platform_a.sockets_limit = 1
    platform_a.save()
    lists = [rows(f"+7900100000{number},S{number},d210,,,,,,\n") for number in range(2)]
    agreed = [plan(platform_a, each).digest() for each in lists]

    def send(at: int) -> int:
        try:
            import_sockets(platform_a, lists[at], SYSTEM, agreed[at])
        except PlanChanged as changed:
            return len(changed.now.refused)
        return 0

    assert sorted(together(send, 2)) == [0, 1]
    assert Device.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_platforms_that_take_one_phone_at_once_never_both_have_it(
    platform_a: Platform, platform_b: Platform
) -> None:
    lines = rows("+79001000001,S,d210,,,,,,\n+79001000002,T,d210,,,,,,\n")
    both = (platform_a, platform_b)
    agreed = [plan(platform, lines).digest() for platform in both]

    def send(at: int) -> int:
        try:
            import_sockets(both[at], lines, SYSTEM, agreed[at])
        except PlanChanged as changed:
            return len(changed.now.refused)
        return 0

    assert sorted(together(send, 2)) == [0, 2]
    assert Device.objects.count() == 2


def test_five_thousand_lines_take_a_few_seconds_and_few_queries(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    from exporters import enrolment
    from exporters.entries import Entry

    count = 5000
    entries = [Entry(n, f"02:00:00:00:{n >> 8:02X}:{n & 255:02X}", f"P{n}") for n in range(count)]
    enrolment.enrol(exporter_a, entries, SYSTEM)
    lines = rows(
        "".join(f"+7900{n:07},S{n},d210,,,{entry.mac},,,\n" for n, entry in enumerate(entries))
    )
    began = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        agreed = plan(platform_a, lines)
        import_sockets(platform_a, lines, SYSTEM, agreed.digest())
    took = time.monotonic() - began
    assert Binding.objects.filter(ended_at=None).count() == count
    assert len(queries) < 400  # SQLite takes fewer rows a statement than PostgreSQL
    assert took < 60, took  # a few seconds on a quiet machine
