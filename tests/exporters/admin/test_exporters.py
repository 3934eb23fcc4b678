"""The admin of exporters: the list, the form, and the pages of long lists."""

import csv
import io
import json
import re
import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

NDJSON = {"Accept": "application/x-ndjson"}
PAGES = ("paste_macs", "remove_macs", "import_csv")


def page(name: str, exporter: Exporter) -> str:
    return reverse(f"admin:exporters_exporter_{name}", args=[exporter.pk])


def fill(exporter: Exporter, *numbers: int, name: str = "Hall") -> None:
    typed = [Entry(at, factories.mac_of(at), f"{name} {at}") for at in numbers]
    enrolment.enrol(exporter, typed, SYSTEM)


def sealed(answer: Any, field: str = "agreed") -> str:
    found = re.search(rf'name="{field}" value="([^"]+)"', answer.content.decode())
    assert found, "the page carries nothing to confirm"
    return found[1]


def counts(answer: Any) -> dict[str, int]:
    return {section.outcome.value: section.total for section in answer.context["report"].sections}


def upload(client: Client, exporter: Exporter, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("list.csv", content, "text/csv")
    return client.post(page("import_csv", exporter), {"file": file, **fields})


# -- list and form ------------------------------------------------------------------------------


def test_the_list_counts_addresses_in_as_many_queries_for_one_as_for_thirty(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    client, address = client_of(alice), reverse("admin:exporters_exporter_changelist")
    numbers = []
    for exporters in (1, 30):
        for at in range(exporters - Exporter.objects.count()):
            fill(factories.make_exporter(platform_a), *range(at, at + 3))
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.content.decode().count(">3</a>") == exporters
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_a_new_exporter_leads_to_the_paste_page(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    form = {"kind": "cubic", "name": "Malls", "enabled": "on", "poll_interval": "60"}
    answer = client_of(alice).post(reverse("admin:exporters_exporter_add"), form)

    exporter = Exporter.objects.get()
    assert (exporter.platform, exporter.poll_interval, exporter.timeout) == (platform_a, 60, None)
    assert answer["Location"] == page("paste_macs", exporter)
    assert AuditEntry.objects.get().action == Action.CREATED


def test_the_form_has_no_address_of_the_vendor(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    answer = client_of(alice).get(page("change", exporter_a))
    fields = set(answer.context["adminform"].form.fields)
    assert fields == {"name", "enabled", "poll_interval", "timeout", "max_concurrency"}


def test_a_change_bumps_the_version_keeps_the_kind_and_is_audited(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    form = {"kind": "other", "name": "Malls", "timeout": "5", "list_version": "1"}
    answer = client_of(alice).post(page("change", exporter_a), form)

    assert answer.status_code == 302
    after = Exporter.objects.get()
    assert (after.kind, after.enabled, after.timeout) == ("cubic", False, 5)
    assert after.list_version == exporter_a.list_version + 1
    assert AuditEntry.objects.get().after == {"name": "Malls", "enabled": False, "timeout": 5}


def test_a_change_does_not_undo_a_version_that_grew_meanwhile(exporter_a: Exporter) -> None:
    read_before = Exporter.objects.get(pk=exporter_a.pk)
    fill(exporter_a, 1)
    read_before.take_version()
    read_before.save()
    assert Exporter.objects.get().list_version == exporter_a.list_version + 2


@pytest.mark.parametrize(
    ("field", "value"), [("poll_interval", "0"), ("timeout", "301"), ("max_concurrency", "x")]
)
def test_settings_out_of_range_are_refused_at_their_field(
    client_of: ClientOf, alice: User, exporter_a: Exporter, field: str, value: str
) -> None:
    answer = client_of(alice).post(page("change", exporter_a), {"name": "Malls", field: value})
    assert list(answer.context["adminform"].form.errors) == [field]


# -- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, "export_csv", "change", "delete", "report"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_platforms_exporter_does_not_exist(
    client_of: ClientOf, charlie: User, exporter_a: Exporter, name: str, method: str
) -> None:
    answer = getattr(client_of(charlie), method)(page(name, exporter_a))
    assert answer.status_code == 404
    assert Exporter.objects.filter(pk=exporter_a.pk).exists()


@pytest.mark.parametrize("name", [*PAGES, "delete", "report"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_viewer_may_not_change(
    client_of: ClientOf, bob: User, exporter_a: Exporter, name: str, method: str
) -> None:
    assert getattr(client_of(bob), method)(page(name, exporter_a)).status_code == 403
    assert Exporter.objects.filter(pk=exporter_a.pk).exists()


def test_a_viewer_sees_no_buttons_but_the_export(
    client_of: ClientOf, bob: User, platform_b: Platform, exporter_a: Exporter
) -> None:
    # A manager elsewhere: a right on another platform must open nothing here.
    Membership.objects.create(platform=platform_b, user=bob, role=Role.MANAGER)
    text = client_of(bob).get(page("change", exporter_a)).content.decode()
    for name in (*PAGES, "delete"):
        assert page(name, exporter_a) not in text
    assert page("export_csv", exporter_a) in text
    assert (
        client_of(bob).post(page("paste_macs", exporter_a), {"addresses": "x"}).status_code == 403
    )


@pytest.mark.parametrize("object_id", ["0", "999999", "abc", "99999999999999999999"])
def test_ids_that_are_none_answer_404(client_of: ClientOf, alice: User, object_id: str) -> None:
    for name in ("paste", "remove", "import", "export", "report"):
        answer = client_of(alice).get(f"/admin/exporters/exporter/{object_id}/{name}/")
        assert answer.status_code == 404


def test_the_pages_refuse_a_post_without_its_csrf_token(alice: User, exporter_a: Exporter) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for name in (*PAGES, "report"):
        assert (
            client.post(page(name, exporter_a), {"addresses": factories.mac_of(1)}).status_code
            == 403
        )
    assert not exporter_a.macs.exists()


# -- paste --------------------------------------------------------------------------------------


def test_a_paste_reports_every_line(client_of: ClientOf, alice: User, exporter_a: Exporter) -> None:
    fill(exporter_a, 1)
    lines = [factories.mac_of(1) + " other", "06-42-40-92-60-b4 Зал", "0642.4092.60b5", "nonsense",
             "0642409260B4 again", "00:00:00:00:00:00"]  # fmt: skip
    answer = client_of(alice).post(
        page("paste_macs", exporter_a), {"addresses": "\r\n".join(lines)}
    )

    assert counts(answer) == {"rejected": 2, "added": 2, "already": 1, "repeated": 1}
    text = answer.content.decode()
    assert "Keeps its name “Hall 1”." in text
    assert "First on line 2." in text
    assert "The address of all zeros belongs to no device." in text
    assert answer.context["form"].initial["addresses"] == "nonsense\n00:00:00:00:00:00"
    assert set(exporter_a.macs.values_list("mac", "name")) == {
        (factories.mac_of(1), "Hall 1"),
        ("06:42:40:92:60:B4", "Зал"),
        ("06:42:40:92:60:B5", ""),
    }


def test_a_paste_renames_when_asked(client_of: ClientOf, alice: User, exporter_a: Exporter) -> None:
    fill(exporter_a, 1, 2)
    form = {"addresses": f"{factories.mac_of(1)} Door\n{factories.mac_of(2)}", "rename": "on"}
    answer = client_of(alice).post(page("paste_macs", exporter_a), form)
    assert counts(answer) == {"changed": 1, "already": 1}
    assert "Name: Hall 1 → Door" in answer.content.decode()
    assert sorted(exporter_a.macs.values_list("name", flat=True)) == ["Door", "Hall 2"]


def test_what_is_over_the_limit_comes_back_in_the_box(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=1)
    pasted = f"{factories.mac_of(1)}\n{factories.mac_of(2)} Зал\nbad"
    answer = client_of(alice).post(page("paste_macs", exporter_a), {"addresses": pasted})
    assert counts(answer) == {"rejected": 1, "over_limit": 1, "added": 1}
    assert "may have 1 players" in answer.content.decode()
    assert answer.context["form"].initial["addresses"] == f"bad\n{factories.mac_of(2)} Зал"


def test_of_a_line_with_good_addresses_the_bad_piece_alone_comes_back(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    pasted = f"{factories.mac_of(1)}, 06:42:40:92:60:ZZ, {factories.mac_of(2)}\n  all bad  "
    answer = client_of(alice).post(page("paste_macs", exporter_a), {"addresses": pasted})
    assert counts(answer) == {"rejected": 2, "added": 2}
    assert answer.context["form"].initial["addresses"] == "06:42:40:92:60:ZZ\n  all bad  "


@pytest.mark.parametrize("pasted", ["", "\0\0", " \n "])
def test_a_paste_of_nothing_changes_nothing(
    client_of: ClientOf, alice: User, exporter_a: Exporter, pasted: str
) -> None:
    answer = client_of(alice).post(page("paste_macs", exporter_a), {"addresses": pasted})
    assert answer.status_code == 200
    assert not exporter_a.macs.exists()


def test_a_script_reads_the_progress_line_by_line(
    client_of: ClientOf, alice: User, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "BATCH", 2)
    pasted = "\n".join(factories.mac_of(at) for at in range(5))
    answer = client_of(alice).post(
        page("paste_macs", exporter_a), {"addresses": pasted}, headers=NDJSON
    )
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]

    assert answer["Content-Type"] == "application/x-ndjson"
    assert lines[:-1] == [{"done": at, "total": 5} for at in (2, 4, 5)]
    assert "mass-report" in lines[-1]["html"]
    assert "<html" not in lines[-1]["html"]
    assert exporter_a.macs.count() == 5


def test_the_script_hears_when_the_exporter_is_gone(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    answer = client_of(alice).post(
        page("paste_macs", exporter_a), {"addresses": factories.mac_of(1)}, headers=NDJSON
    )
    enrolment.discard(exporter_a, SYSTEM)  # between the request and the first line
    assert "deleted" in json.loads(answer.getvalue())["error"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("headers", [{}, NDJSON])
def test_a_body_that_is_too_large_is_refused_in_words(
    client_of: ClientOf,
    alice: User,
    exporter_a: Exporter,
    settings: Settings,
    name: str,
    headers: dict[str, str],
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    form = {"addresses": "x" * (1024 * 1024 + 1)}
    answer = client_of(alice).post(page(name, exporter_a), form, headers=headers)
    assert answer.status_code == 413
    assert "more than 1 MB at once" in answer.content.decode()


def test_the_whole_report_can_be_taken_away_as_csv(
    client_of: ClientOf, alice: User, mona: User, exporter_a: Exporter
) -> None:
    good = [f"{factories.mac_of(at)} +7 Зал {at}" for at in range(300)]
    pasted = "\n".join([*good, "+cmd()"])
    answer = client_of(alice).post(page("paste_macs", exporter_a), {"addresses": pasted})
    assert len(answer.context["report"].sections[1].lines) == 100, "the page shows the first ones"

    form = {"report": sealed(answer, "report")}
    file = client_of(alice).post(page("report", exporter_a), form)
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["Line", "Address", "Name", "Outcome", "Note"]
    assert len(rows) == 302
    assert rows[1] == ["1", factories.mac_of(0), "'+7 Зал 0", "Added", ""]
    assert rows[-1][1] == "'+cmd()"
    # The report of one person is of no use to another one.
    assert client_of(mona).post(page("report", exporter_a), form).status_code == 404


# -- removal ------------------------------------------------------------------------------------


def test_removal_asks_with_counts_and_then_removes_what_was_shown(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, 1, 2, 3)
    client, address = client_of(alice), page("remove_macs", exporter_a)
    pasted = f"{factories.mac_of(1)}\n{factories.mac_of(2)}\n{factories.mac_of(9)}\nbad"
    asked = client.post(address, {"addresses": pasted})
    assert counts(asked) == {"rejected": 1, "removed": 2, "absent": 1}
    assert "Remove 2 addresses" in asked.content.decode()
    assert exporter_a.macs.count() == 3, "nothing is removed yet"

    enrolment.withdraw(exporter_a, [factories.mac_of(2)], SYSTEM)  # somebody was faster
    done = client.post(address, {"agreed": sealed(asked)})
    assert counts(done) == {"removed": 1, "absent": 1}
    assert done.context["form"].initial["addresses"] == "bad"
    assert [row.mac for row in exporter_a.macs.all()] == [factories.mac_of(3)]


def test_removal_of_what_is_not_there_has_nothing_to_confirm(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    asked = client_of(alice).post(
        page("remove_macs", exporter_a), {"addresses": factories.mac_of(1)}
    )
    assert "confirm" not in asked.context
    assert "None of these addresses is there." in asked.content.decode()


def test_a_confirmation_is_bound_to_the_person_and_the_exporter(
    client_of: ClientOf, alice: User, mona: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    other = factories.make_exporter(platform_a)
    for exporter in (exporter_a, other):
        fill(exporter, 1)
    asked = client_of(alice).post(
        page("remove_macs", exporter_a), {"addresses": factories.mac_of(1)}
    )
    agreed = sealed(asked)

    attempts = [
        (mona, exporter_a, agreed),
        (alice, other, agreed),
        (alice, exporter_a, agreed[:-3]),
        (alice, exporter_a, ""),
    ]
    for person, exporter, text in attempts:
        answer = client_of(person).post(page("remove_macs", exporter), {"agreed": text})
        assert "can no longer be read" in answer.content.decode()
    assert exporter_a.macs.exists()
    assert other.macs.exists()


# -- CSV ----------------------------------------------------------------------------------------


def test_an_import_shows_first_and_then_does_what_it_showed(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, 1, 2)
    rows = ["MAC;Название;Внешний IP", f"{factories.mac_of(1)};Вход;1.2.3.4",
            f"{factories.mac_of(2)};Hall 2;", f"{factories.mac_of(3)};Зал;", "bad;;"]  # fmt: skip
    client = client_of(alice)
    asked = upload(client, exporter_a, "\n".join(rows).encode("cp1251"))
    assert counts(asked) == {"rejected": 1, "added": 1, "changed": 1, "already": 1}
    assert "Read as Windows-1251" in asked.content.decode()
    assert exporter_a.macs.count() == 2, "nothing is done yet"

    done = client.post(page("import_csv", exporter_a), {"agreed": sealed(asked)}, headers=NDJSON)
    assert "mass-report" in done.getvalue().decode()
    assert list(exporter_a.macs.order_by("mac").values_list("name", "outip")) == [
        ("Вход", "1.2.3.4"),
        ("Hall 2", None),
        ("Зал", None),
    ]
    assert Player.objects.get(identity=factories.mac_of(1)).name == "Вход"


def test_an_import_does_nothing_when_the_list_changed_after_the_preview(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    client = client_of(alice)
    content = f"mac,name\n{factories.mac_of(1)},Door\n{factories.mac_of(2)},Hall\n".encode()
    agreed = sealed(upload(client, exporter_a, content))
    fill(exporter_a, 1)

    answer = client.post(page("import_csv", exporter_a), {"agreed": agreed})
    assert "The list has changed since the preview." in answer.content.decode()
    assert counts(answer) == {"added": 1, "changed": 1}
    assert exporter_a.macs.get().name == "Hall 1"

    client.post(page("import_csv", exporter_a), {"agreed": sealed(answer)})
    assert sorted(exporter_a.macs.values_list("name", flat=True)) == ["Door", "Hall"]


def test_empty_cells_clear_when_asked(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, 1)
    client, content = client_of(alice), f"mac,name\n{factories.mac_of(1)},\n".encode()
    assert "There is nothing to do." in upload(client, exporter_a, content).content.decode()
    asked = upload(client, exporter_a, content, clear="on")
    client.post(page("import_csv", exporter_a), {"agreed": sealed(asked)})
    assert exporter_a.macs.get().name == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"PK\x03\x04", "Excel workbook"), (b"name\nHall", "No column is headed")],
)
def test_a_file_that_is_no_list_is_refused_at_its_field(
    client_of: ClientOf, alice: User, exporter_a: Exporter, content: bytes, says: str
) -> None:
    answer = upload(client_of(alice), exporter_a, content)
    assert says in answer.context["form"].errors["file"][0]


def test_an_export_goes_in_again_unchanged(
    client_of: ClientOf, alice: User, bob: User, exporter_a: Exporter
) -> None:
    odd = ["=1+1", "+7 495", "'quoted'", 'a "b", c; d', "ММ Зауролоф", ""]
    typed = [Entry(at, factories.mac_of(at), name, "10.0.0.1") for at, name in enumerate(odd)]
    enrolment.enrol(exporter_a, typed, SYSTEM)

    file = client_of(bob).get(page("export_csv", exporter_a))
    content = file.getvalue()
    assert b"\r\n06:00:00:00:00:00,'=1+1,10.0.0.1,\r\n" in content
    line = AuditEntry.objects.first()
    assert line is not None
    assert (line.action, line.actor, line.after) == (Action.EXPORTED, str(bob), {"macs": 6})
    assert counts(upload(client_of(alice), exporter_a, content, clear="on")) == {"already": 6}


# -- deletion -----------------------------------------------------------------------------------


def test_deletion_asks_with_counts_on_a_small_page(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    fill(exporter_a, *range(500))
    client = client_of(alice)
    asked = client.get(page("delete", exporter_a))
    assert "The exporter and 500 players" in asked.content.decode()
    assert factories.mac_of(1) not in asked.content.decode()
    assert Exporter.objects.exists()

    answer = client.post(page("delete", exporter_a))
    assert answer["Location"] == reverse("admin:exporters_exporter_changelist")
    assert not Exporter.objects.exists()
    assert not Player.objects.exists()
    assert AuditEntry.objects.filter(action=Action.DELETED).get().before["macs"] == 500


def test_exporters_are_not_deleted_by_the_handful(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    form = {"action": "delete_selected", "_selected_action": [exporter_a.pk], "post": "yes"}
    client_of(alice).post(reverse("admin:exporters_exporter_changelist"), form)
    assert Exporter.objects.exists()


# -- a hundred thousand -------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_pasted_at_once_take_seconds_and_a_small_page(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    """Measured alone: 8 s on PostgreSQL, 5 s on SQLite, for the whole request."""
    pasted = "\n".join(f"{at:012x} Зал {at}" for at in range(1, 100_001))
    assert len(pasted.encode()) < django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    started = time.monotonic()
    answer = client_of(alice).post(
        page("paste_macs", exporter_a), {"addresses": pasted}, headers=NDJSON
    )
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]

    assert time.monotonic() - started < 60
    assert exporter_a.macs.count() == 100_000
    assert [line["done"] for line in lines[:-1]] == list(range(5_000, 100_001, 5_000))
    html = lines[-1]["html"]
    assert html.count("<tr>") < 120
    assert len(html) < 4_000_000, "the sealed report is most of it"
