"""The admin of exporter processes: superadmins alone, allow-listed addresses alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from exporters import targets
from exporters.models import ExporterProcess
from platforms import tokens
from platforms.audit import Action
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ClientOf

LIST = "/admin/exporters/exporterprocess/"


def form(**fields: str) -> dict[str, Any]:
    usual = {"instance": "cubic-1", "address": "127.0.0.1:19101", "scheme": "http"}
    return {"kind": "cubic", **usual, **fields}


@pytest.fixture
def process(db: None) -> ExporterProcess:
    row: ExporterProcess = ExporterProcess.objects.create(
        kind="cubic", instance="cubic-1", address="127.0.0.1:19101"
    )
    return row


def test_a_superadmin_pins_a_process(client_of: ClientOf, root: User) -> None:
    page = client_of(root).get(f"{LIST}add/")
    assert "127.0.0.0/8, ::1/128" in page.content.decode(), "the allowed hosts are said"
    assert page.context["adminform"].form.initial["pinned"] is True

    assert client_of(root).post(f"{LIST}add/", form(pinned="on")).status_code == 302
    assert targets.groups()[0]["targets"] == ["127.0.0.1:19101"]
    assert AuditEntry.objects.get().action == Action.CREATED


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("address", "10.0.0.5:19101", "REMOSA_EXPORTER_ADDRESSES"),
        ("address", "evil.example:19101", "REMOSA_EXPORTER_ADDRESSES"),
        ("address", "127.0.0.1", "host:port"),
        ("address", "127.0.0.1:0", "host:port"),
        ("address", "127.0.0.1:65536", "host:port"),
        ("address", "http://127.0.0.1:19101", "host:port"),
        ("address", "127.0.0.1:19101/metrics", "host:port"),
        ("address", "::1:19101", "host:port"),
        ("instance", "two words", "Letters, digits"),
        ("instance", 'a"b', "Letters, digits"),
        ("instance", "-", "Letters, digits"),
        ("kind", "other", "valid choice"),
    ],
)
def test_what_cannot_be_scraped_is_refused_at_its_field(
    client_of: ClientOf, root: User, field: str, value: str, says: str
) -> None:
    answer = client_of(root).post(f"{LIST}add/", form(**{field: value}))
    assert says in answer.context["adminform"].form.errors[field][0]
    assert not ExporterProcess.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("[::1]:19101", "[::1]:19101"),
        ("[0:0::1]:19101", "[::1]:19101"),
        ("Exporter:80", "exporter:80"),
    ],
)
def test_an_allowed_address_is_kept_in_one_spelling(
    client_of: ClientOf, root: User, settings: Settings, typed: str, kept: str
) -> None:
    settings.EXPORTER_ADDRESSES = ["::1/128", "exporter"]
    client_of(root).post(f"{LIST}add/", form(address=typed))
    assert ExporterProcess.objects.get().address == kept


def test_two_processes_do_not_share_an_address(
    client_of: ClientOf, root: User, process: ExporterProcess
) -> None:
    answer = client_of(root).post(f"{LIST}add/", form(instance="cubic-2"))
    assert "is listed as cubic/cubic-1" in answer.context["adminform"].form.errors["address"][0]


def test_a_superadmin_says_how_a_pinned_process_is_asked(
    client_of: ClientOf, root: User, process: ExporterProcess
) -> None:
    client, page = client_of(root), f"{LIST}{process.pk}/change/"
    for scheme, label in (("https", "https"), ("http", None)):
        client.post(page, form(pinned="on", scheme=scheme))
        assert targets.groups()[0]["labels"].get("__scheme__") == label
    answer = client.post(page, form(pinned="on", scheme="ftp"))
    assert "scheme" in answer.context["adminform"].form.errors


def test_a_change_keeps_the_name_and_what_was_announced(
    client_of: ClientOf, root: User, process: ExporterProcess
) -> None:
    announced = timezone.now()
    ExporterProcess.objects.update(announced_at=announced, version="0.1.0")
    fields = form(instance="other", kind="other", address="127.0.0.1:19102", pinned="on")
    assert client_of(root).post(f"{LIST}{process.pk}/change/", fields).status_code == 302

    after = ExporterProcess.objects.get()
    assert (after.instance, after.kind) == ("cubic-1", "cubic")
    assert (after.address, after.pinned) == ("127.0.0.1:19102", True)
    assert (after.announced_at, after.version) == (announced, "0.1.0")


def test_a_superadmin_limits_what_a_pinned_process_speaks_for(
    client_of: ClientOf, root: User, platform_a: Platform, process: ExporterProcess
) -> None:
    client, page = client_of(root), f"{LIST}{process.pk}/change/"
    for limit in (str(platform_a.pk), ""):
        client.post(page, form(pinned="on", limited_to=limit))
        assert targets.groups()[0]["labels"].get("token_platform", "") == limit


def test_what_an_announced_process_speaks_for_is_shown_and_left_to_its_token(
    client_of: ClientOf, root: User, platform_a: Platform, process: ExporterProcess
) -> None:
    token, _secret = factories.make_token(TokenKind.EXPORTER, platform=platform_a)
    ExporterProcess.objects.update(token=token, limited_to=platform_a)
    client, page = client_of(root), f"{LIST}{process.pk}/change/"
    for shown in (LIST, page):
        assert "Alpha" in client.get(shown).content.decode()
    assert "limited_to" not in client.get(page).context["adminform"].form.fields
    client.post(page, form(limited_to=""))
    assert ExporterProcess.objects.get().limited_to == platform_a


def test_a_process_that_is_not_pinned_any_more_is_limited_as_its_token(
    client_of: ClientOf, root: User, platform_a: Platform, process: ExporterProcess
) -> None:
    token, _secret = factories.make_token(TokenKind.EXPORTER, platform=platform_a)
    ExporterProcess.objects.update(token=token, pinned=True)
    client_of(root).post(f"{LIST}{process.pk}/change/", form(limited_to=""))
    after = ExporterProcess.objects.get()
    assert (after.pinned, after.limited_to) == (False, platform_a)


@pytest.mark.parametrize(
    ("age", "says"),
    [(None, "never announced"), (0, "announces itself"), (3600, "silent for 1")],
)
def test_the_list_says_when_a_process_was_last_heard(
    client_of: ClientOf, root: User, process: ExporterProcess, age: int | None, says: str
) -> None:
    when = None if age is None else timezone.now() - timedelta(seconds=age)
    ExporterProcess.objects.update(announced_at=when)
    assert says in client_of(root).get(LIST).content.decode()


def test_the_list_says_that_a_process_is_not_scraped_since_its_token_was_revoked(
    client_of: ClientOf, root: User, process: ExporterProcess
) -> None:
    token, _secret = factories.make_token(TokenKind.EXPORTER)
    ExporterProcess.objects.update(token=token, announced_at=timezone.now())
    assert "not scraped" not in client_of(root).get(LIST).content.decode()
    tokens.revoke(token)
    assert "not scraped: its token was revoked" in client_of(root).get(LIST).content.decode()


def test_a_removed_process_is_no_target_any_more(
    client_of: ClientOf, root: User, process: ExporterProcess
) -> None:
    client_of(root).post(f"{LIST}{process.pk}/delete/", {"post": "yes"})
    assert targets.groups() == []
    assert AuditEntry.objects.get().before["address"] == "127.0.0.1:19101"


@pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/delete/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_reaches_it(
    client_of: ClientOf, alice: User, bob: User, process: ExporterProcess, path: str, method: str
) -> None:
    for person in (alice, bob):
        answer = getattr(client_of(person), method)(LIST + path.format(pk=process.pk))
        assert answer.status_code in {403, 404}
        assert "19101" not in answer.content.decode()
