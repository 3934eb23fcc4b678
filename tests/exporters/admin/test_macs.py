"""The admin of addresses: search, one address at a time, removal of those chosen, export."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

LIST = "/admin/exporters/exportermac/"
MAC = "06:42:40:92:60:B4"


def fill(exporter: Exporter, *typed: tuple[str, str]) -> list[ExporterMac]:
    entries = [Entry(at, mac, name) for at, (mac, name) in enumerate(typed)]
    enrolment.enrol(exporter, entries, SYSTEM)
    return list(exporter.macs.order_by("pk"))


def page(row: ExporterMac, name: str = "change") -> str:
    return reverse(f"admin:exporters_exportermac_{name}", args=[row.pk])


def form(exporter: Exporter, **fields: str) -> dict[str, Any]:
    return {"exporter": exporter.pk, "mac": MAC, "name": "", "ip": "", "outip": "", **fields}


def found(client: Client, query: str) -> list[str]:
    answer = client.get(f"{LIST}?{query}")
    return [row.mac for row in answer.context["cl"].result_list]


# -- the list -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    [
        *("06:42:40:92:60:B4", "06-42-40-92-60-b4", "0642.4092.60b4", "0642409260B4"),
        *(" 06 42 40 92 60 b4 ", "06:42:40", "0642.40", "40:92:60:b4", "Зауролоф", "LED"),
    ],
)
def test_the_search_finds_a_mac_in_any_spelling_and_names(
    client_of: ClientOf, alice: User, exporter_a: Exporter, term: str
) -> None:
    fill(exporter_a, (MAC, "ММ Зауролоф LED"), ("0A:00:00:00:00:01", "Door"))
    client = client_of(alice)
    answer = client.get(LIST, {"q": term})
    assert [row.mac for row in answer.context["cl"].result_list] == [MAC]


def test_the_search_finds_names_that_look_like_digits(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, (MAC, "Hall 77"), ("0A:00:00:00:00:01", "cafe"))
    assert found(client_of(alice), "q=77") == [MAC]
    assert found(client_of(alice), "q=cafe") == ["0A:00:00:00:00:01"]
    assert found(client_of(alice), "q=nothing") == []


def test_the_list_asks_as_much_for_one_row_as_for_fifty(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    client, numbers = client_of(alice), []
    for rows in (1, 50):
        fill(exporter_a, *((factories.mac_of(at), "") for at in range(rows)))
        with CaptureQueriesContext(connection) as queries:
            assert len(found(client, "")) == rows
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_a_whole_mac_is_looked_up_and_names_are_read_where_nobody_has_it(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    client = client_of(alice)
    fill(exporter_a, ("0A:00:00:00:00:01", f"beside {MAC}"))
    assert found(client, f"q={MAC}") == ["0A:00:00:00:00:01"]
    fill(exporter_a, (MAC, "Hall"))
    with CaptureQueriesContext(connection) as queries:
        assert found(client, "q=0642.4092.60b4") == [MAC]
    assert not any("LIKE" in query["sql"].upper() for query in queries.captured_queries)


@pytest.mark.both_databases
def test_a_page_far_down_joins_the_rows_of_that_page_alone(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, *((factories.mac_of(at), f"Hall {at:03}") for at in range(120)))
    client = client_of(alice)
    with CaptureQueriesContext(connection) as queries:
        assert found(client, "p=3&o=-1") == [factories.mac_of(at) for at in range(19, -1, -1)]
    skipping = [query["sql"] for query in queries.captured_queries if "OFFSET 100" in query["sql"]]
    assert len(skipping) == 1
    assert 'JOIN "exporters_exporter"' not in skipping[0]


def test_members_see_their_own_addresses_exporters_and_platforms_alone(
    client_of: ClientOf, alice: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    fill(exporter_a, (MAC, "mine"))
    fill(exporter_b, ("0A:00:00:00:00:01", "canary"))
    client = client_of(alice)
    text = client.get(LIST).content.decode()
    assert "mine" in text
    for foreign in ("canary", "0A:00:00:00:00:01", exporter_b.name, str(exporter_b.platform)):
        assert foreign not in text
    assert found(client, f"of_exporter={exporter_b.pk}") == []
    assert exporter_b.name not in client.get(f"{LIST}?of_exporter={exporter_b.pk}").content.decode()


@pytest.mark.parametrize("value", ["abc", "-1", "99999999999999999999", "１"])
def test_a_filter_that_makes_no_sense_finds_nothing(
    client_of: ClientOf, alice: User, exporter_a: Exporter, value: str
) -> None:
    fill(exporter_a, (MAC, ""))
    assert found(client_of(alice), f"of_exporter={value}") == []


def test_the_list_is_narrowed_to_an_exporter(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    fill(exporter_a, (MAC, ""))
    fill(factories.make_exporter(platform_a), ("0A:00:00:00:00:01", ""))
    assert found(client_of(alice), f"of_exporter={exporter_a.pk}") == [MAC]


# -- one address --------------------------------------------------------------------------------


def test_an_added_address_goes_through_enrolment(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fields = form(exporter_a, mac="0642.4092.60b4", name=" Ha\u200bll ", ip="10.0.0.1")
    assert client_of(alice).post(f"{LIST}add/", fields).status_code == 302

    row = ExporterMac.objects.select_related("player").get()
    assert (row.mac, row.name, row.ip, row.outip) == (MAC, "Hall", "10.0.0.1", None)
    assert (row.platform_id, row.player.name) == (exporter_a.platform_id, "Hall")
    assert Exporter.objects.get().list_version == exporter_a.list_version + 1
    assert [line.action for line in AuditEntry.objects.all()] == [Action.ADDED_MANY]


@pytest.mark.parametrize(
    ("mac", "says"),
    [("nonsense", "Not a MAC address"), ("ff:ff:ff:ff:ff:ff", "broadcast"), ("", "required"),
     ("О6:42:40:92:60:B4", "another alphabet")],
)  # fmt: skip
def test_a_bad_address_is_refused_at_its_field(
    client_of: ClientOf, alice: User, exporter_a: Exporter, mac: str, says: str
) -> None:
    answer = client_of(alice).post(f"{LIST}add/", form(exporter_a, mac=mac))
    assert says in answer.context["adminform"].form.errors["mac"][0]


def test_an_address_that_is_there_is_refused_at_its_field(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, (MAC, ""))
    answer = client_of(alice).post(f"{LIST}add/", form(exporter_a, mac=MAC.lower()))
    assert answer.context["adminform"].form.errors == {
        "mac": ["This exporter already has this MAC."]
    }


def test_a_full_platform_is_said_at_the_field(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    Platform.objects.update(players_limit=0)
    answer = client_of(alice).post(f"{LIST}add/", form(exporter_a))
    assert "may have 0 players" in answer.context["adminform"].form.errors["mac"][0]
    assert not Player.objects.exists()


def test_another_platforms_exporter_is_no_choice(
    client_of: ClientOf, alice: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    client = client_of(alice)
    assert exporter_b.name not in client.get(f"{LIST}add/").content.decode()
    answer = client.post(f"{LIST}add/", form(exporter_b))
    assert list(answer.context["adminform"].form.errors) == ["exporter"]
    assert not exporter_b.macs.exists()


def test_an_address_is_changed_with_its_player(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    (row,) = fill(exporter_a, (MAC, "Hall"))
    fields = form(exporter_a, mac="0A:00:00:00:00:01", name="Door", outip="2001:DB8::1")
    assert client_of(alice).post(page(row), fields).status_code == 302

    after = ExporterMac.objects.select_related("player").get()
    assert (after.mac, after.name, after.outip) == (MAC, "Door", "2001:db8::1")
    assert after.player.name == "Door"
    line = AuditEntry.objects.order_by("pk").last()
    assert line is not None
    assert line.after == {"name": "Door", "outip": "2001:db8::1"}


def test_an_address_moves_within_its_platform_only(
    client_of: ClientOf, alice: User, platform_a: Platform, platform_b: Platform,
    exporter_a: Exporter, exporter_b: Exporter,
) -> None:  # fmt: skip
    Membership.objects.create(platform=platform_b, user=alice, role=Role.MANAGER)
    target = factories.make_exporter(platform_a)
    (row,) = fill(exporter_a, (MAC, "Hall"))
    client = client_of(alice)

    refused = client.post(page(row), form(exporter_b, name="Hall"))
    assert list(refused.context["adminform"].form.errors) == ["exporter"]
    assert client.post(page(row), form(target, name="Hall")).status_code == 302
    assert target.macs.get().player_id == row.player_id


def test_an_address_does_not_move_onto_its_twin(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    target = factories.make_exporter(platform_a)
    (row,) = fill(exporter_a, (MAC, ""))
    fill(target, (MAC, ""))
    answer = client_of(alice).post(page(row), form(target))
    assert list(answer.context["adminform"].form.errors) == ["exporter"]


def test_a_deleted_address_is_withdrawn(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    (row,) = fill(exporter_a, (MAC, "Hall"))
    client = client_of(alice)
    assert MAC in client.get(page(row, "delete")).content.decode()
    client.post(page(row, "delete"), {"post": "yes"})
    assert not ExporterMac.objects.exists()
    assert Player.objects.get().retired_at is not None


@pytest.mark.parametrize("name", ["change", "delete"])
def test_who_may_not_is_refused(
    client_of: ClientOf, bob: User, charlie: User, exporter_a: Exporter, name: str
) -> None:
    (row,) = fill(exporter_a, (MAC, "Hall"))
    for method in ("get", "post"):
        assert getattr(client_of(charlie), method)(page(row, name)).status_code == 404
    assert client_of(bob).post(page(row, name), form(exporter_a)).status_code == 403
    assert client_of(bob).get(f"{LIST}add/").status_code == 403
    text = client_of(bob).get(page(row)).content.decode()
    assert 'name="name"' not in text, "a viewer reads"
    assert ExporterMac.objects.get().name == "Hall"


# -- many addresses -----------------------------------------------------------------------------


def chosen(rows: list[ExporterMac], **fields: str) -> dict[str, Any]:
    return {"action": "withdraw_chosen", "_selected_action": [row.pk for row in rows], **fields}


def test_chosen_addresses_are_removed_after_a_question_with_counts(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    rows = fill(exporter_a, *((factories.mac_of(at), "") for at in range(5)))
    client = client_of(alice)
    asked = client.post(LIST, chosen(rows[:3]))
    assert "3 addresses will be removed." in asked.content.decode()
    assert exporter_a.macs.count() == 5

    client.post(LIST, chosen(rows[:3], confirmed="3"))
    assert exporter_a.macs.count() == 2
    assert Player.objects.enrolled().count() == 2


def test_everything_that_a_filter_finds_is_removed_by_set(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    sister = factories.make_exporter(platform_a)
    rows = fill(exporter_a, *((factories.mac_of(at), "") for at in range(120)))
    fill(sister, (MAC, ""))
    client, address = client_of(alice), f"{LIST}?of_exporter={exporter_a.pk}"
    asked = client.post(address, chosen(rows[:1], select_across="1"))
    assert "120 addresses will be removed." in asked.content.decode()
    assert asked.content.decode().count("_selected_action") == 1

    fill(exporter_a, ("0A:00:00:00:00:01", "new"))
    again = client.post(address, chosen(rows[:1], select_across="1", confirmed="120"))
    assert "The list has changed in the meantime." in again.content.decode()
    client.post(address, chosen(rows[:1], select_across="1", confirmed="121"))
    assert not exporter_a.macs.exists()
    assert sister.macs.exists()


def test_addresses_where_one_may_only_look_stay(
    client_of: ClientOf,
    alice: User,
    platform_b: Platform,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    Membership.objects.create(platform=platform_b, user=alice, role=Role.VIEWER)
    rows = fill(exporter_a, (MAC, "")) + fill(exporter_b, (MAC, ""))
    asked = client_of(alice).post(LIST, chosen(rows))
    assert "1 address will be removed." in asked.content.decode()
    client_of(alice).post(LIST, chosen(rows, confirmed="1"))
    assert not exporter_a.macs.exists()
    assert exporter_b.macs.exists()


def test_a_viewer_and_a_stranger_remove_nothing(
    client_of: ClientOf, bob: User, charlie: User, exporter_a: Exporter
) -> None:
    rows = fill(exporter_a, (MAC, ""))
    for person in (bob, charlie):
        for fields in ({}, {"confirmed": "1"}, {"confirmed": "0"}):
            client_of(person).post(LIST, chosen(rows, **fields))
    client_of(charlie).post(
        LIST, {"action": "delete_selected", "post": "yes", "_selected_action": [rows[0].pk]}
    )
    assert exporter_a.macs.exists()


def test_the_export_has_what_the_list_shows(
    client_of: ClientOf, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    fill(exporter_a, (MAC, "=Hall"), ("0A:00:00:00:00:01", "Door"))
    fill(exporter_b, ("0A:00:00:00:00:02", "canary"))
    file = client_of(bob).get(f"{LIST}export/?q=b4")
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert rows == [
        ["platform", "exporter", "mac", "name", "ip", "outip"],
        ["Alpha", exporter_a.name, MAC, "'=Hall", "", ""],
    ]
    line = AuditEntry.objects.get(action=Action.EXPORTED)
    assert line.after == {"macs": 1, "query": "q=b4"}


def test_the_paste_button_leads_to_the_only_exporter_or_to_the_list(
    client_of: ClientOf, alice: User, bob: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    target = reverse("admin:exporters_exporter_paste_macs", args=[exporter_a.pk])
    assert client_of(alice).get(f"{LIST}paste/")["Location"] == target
    factories.make_exporter(platform_a)
    answer = client_of(alice).get(f"{LIST}paste/")
    assert answer["Location"] == reverse("admin:exporters_exporter_changelist")
    assert client_of(bob).get(f"{LIST}paste/").status_code == 403
