"""The form of an exporter is made of its kind's settings; secrets go in and never come out."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from exporters.kinds import KINDS
from exporters.models import Exporter, Player, PlayerSource
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.exporters.described_kind import DESCRIBED

pytestmark = pytest.mark.django_db
ADD = "/admin/exporters/exporter/add/"
CANARY = "canary-token-7f3a"
ANEW = "Enter it anew: it is not sent to another server than the one it is for."


@pytest.fixture
def addreality(platform_a: Platform) -> Exporter:
    """An AddReality exporter with a token."""
    exporter = factories.make_exporter(platform_a, "Malls", kind="addreality")
    exporter.take_secrets({"api_token": CANARY})
    exporter.save()
    return exporter


@pytest.fixture
def described(platform_a: Platform, monkeypatch: pytest.MonkeyPatch) -> Exporter:
    """An exporter of a kind with an address of its own."""
    monkeypatch.setitem(KINDS, DESCRIBED.name, DESCRIBED)
    exporter = factories.make_exporter(platform_a, "Screens", kind="described")
    exporter.settings = {"url": "https://a.test/v1", "field": "$.id"}
    exporter.take_secrets({"token": CANARY})
    exporter.save()
    return exporter


def page(exporter: Exporter, name: str = "change") -> str:
    return reverse(f"admin:exporters_exporter_{name}", args=[exporter.pk])


def text(answer: Any) -> str:
    return str(answer.content.decode())


def errors(answer: Any) -> dict[str, list[str]]:
    found = answer.context["adminform"].form.errors
    return {name: [str(each) for each in told] for name, told in found.items()}


def test_adding_begins_with_the_kind_and_keeps_what_else_was_asked(
    client_of: ClientOf, alice: User
) -> None:
    answer = client_of(alice).get(ADD, {"platform": "5"})
    for kind in KINDS.values():
        assert f'href="?platform=5&amp;kind={kind.name}"' in text(answer)
    assert client_of(alice).get(ADD, {"kind": "nothing"}).context.get("adminform") is None


def test_who_may_add_nothing_is_not_asked_for_a_kind(client_of: ClientOf, bob: User) -> None:
    for query in ({}, {"kind": "cubic"}):
        assert client_of(bob).get(ADD, query).status_code == 403


@pytest.mark.both_databases
def test_a_new_exporter_keeps_its_token_sealed(client_of: ClientOf, alice: User) -> None:
    form = {"name": "Malls", "enabled": "on", "setting_api_token": CANARY, "setting_limit": "50"}
    answer = client_of(alice).post(f"{ADD}?kind=addreality", form)

    exporter = Exporter.objects.get()
    assert answer["Location"] == page(exporter)
    assert (exporter.kind, exporter.settings) == ("addreality", {"limit": 50})
    assert exporter.opened_secrets() == {"api_token": CANARY}
    line = AuditEntry.objects.get()
    assert (line.after["secrets"], line.after["settings"]) == ("set", {"limit": 50})
    assert CANARY not in repr([*AuditEntry.objects.values(), *Exporter.objects.values()])


def test_a_token_is_needed_and_a_limit_has_bounds(client_of: ClientOf, alice: User) -> None:
    form = {"name": "Malls", "setting_limit": "10001"}
    answer = client_of(alice).post(f"{ADD}?kind=addreality", form)
    assert set(errors(answer)) == {"setting_api_token", "setting_limit"}
    answer = client_of(alice).post(
        f"{ADD}?kind=addreality", {"name": "M", "setting_api_token": f"{CANARY} with space"}
    )
    assert list(errors(answer)) == ["setting_api_token"]
    assert CANARY not in text(answer)
    assert not Exporter.objects.exists()


def test_an_empty_box_keeps_the_token_and_a_typed_one_replaces_it(
    client_of: ClientOf, alice: User, addreality: Exporter
) -> None:
    client, version = client_of(alice), addreality.list_version
    form = {"name": "Malls", "enabled": "on", "setting_limit": "7"}
    assert CANARY not in text(client.get(page(addreality)))
    assert client.post(page(addreality), form).status_code == 302
    addreality = Exporter.objects.get()
    assert addreality.opened_secrets() == {"api_token": CANARY}
    assert addreality.list_version == version + 1
    assert "secrets" not in AuditEntry.objects.latest("pk").after

    assert client.post(page(addreality), {**form, "setting_api_token": "new"}).status_code == 302
    assert Exporter.objects.get().opened_secrets() == {"api_token": "new"}
    line = AuditEntry.objects.latest("pk")
    assert (line.before, line.after) == ({"secrets": "set"}, {"secrets": "set"})


def test_the_kind_never_changes(client_of: ClientOf, alice: User, addreality: Exporter) -> None:
    form = {"name": "Malls", "enabled": "on", "kind": "cubic"}
    assert client_of(alice).post(f"{page(addreality)}?kind=cubic", form).status_code == 302
    assert Exporter.objects.get().kind == "addreality"
    assert Exporter.objects.get().opened_secrets() == {"api_token": CANARY}


def test_who_may_only_look_sees_settings_and_no_secret(
    client_of: ClientOf, bob: User, addreality: Exporter
) -> None:
    Exporter.objects.update(settings={"limit": 77})
    answer = text(client_of(bob).get(page(addreality)))
    assert "77" in answer
    assert CANARY not in answer
    assert "setting_api_token" not in answer


def test_an_unreadable_token_is_told_and_can_be_replaced(
    client_of: ClientOf, alice: User, addreality: Exporter, settings: Any
) -> None:
    settings.REMOSA_SECRET_KEYS = ["another key that is long enough to be one"]
    client = client_of(alice)
    assert "Set, but unreadable." in text(client.get(page(addreality)))
    form = {"name": "Malls", "enabled": "on"}
    sealed = Exporter.objects.get().secrets.sealed()
    assert client.post(page(addreality), {**form, "setting_limit": "5"}).status_code == 302
    assert Exporter.objects.get().secrets.sealed() == sealed
    assert client.post(page(addreality), {**form, "setting_api_token": "new"}).status_code == 302
    assert Exporter.objects.get().opened_secrets() == {"api_token": "new"}


@pytest.mark.parametrize(
    "query",
    ["secrets__startswith=1", "secrets=x", "secrets__isnull=1", "secret_context__gte=0"],
)
def test_no_list_is_narrowed_by_a_secret(
    client_of: ClientOf, root: User, addreality: Exporter, query: str
) -> None:
    answer = client_of(root).get(f"{reverse('admin:exporters_exporter_changelist')}?{query}")
    assert answer.status_code == 400


def test_the_rotation_of_keys_seals_the_tokens_of_exporters_anew(
    addreality: Exporter, settings: Any
) -> None:
    new = "another key that is long enough to be one"
    settings.REMOSA_SECRET_KEYS = [new, *settings.REMOSA_SECRET_KEYS]
    call_command("rotate_secrets")
    settings.REMOSA_SECRET_KEYS = [new]
    assert Exporter.objects.get().opened_secrets() == {"api_token": CANARY}


def test_a_dump_of_the_rows_holds_no_secret(addreality: Exporter) -> None:
    dump = io.StringIO()
    call_command("dumpdata", "exporters", stdout=dump)
    assert addreality.name in dump.getvalue()
    assert addreality.secrets.sealed() not in dump.getvalue()
    assert CANARY not in dump.getvalue()


# -- addresses ------------------------------------------------------------------------------------


def test_a_manager_sees_an_address_and_cannot_change_it(
    client_of: ClientOf, mona: User, described: Exporter
) -> None:
    client = client_of(mona)
    field = client.get(page(described)).context["adminform"].form.fields["setting_url"]
    assert field.disabled
    form = {"name": "Screens", "setting_url": "https://evil.test/", "setting_field": "$.name"}
    assert client.post(page(described), form).status_code == 302
    assert Exporter.objects.get().settings == {"url": "https://a.test/v1", "field": "$.name"}


def test_a_secret_does_not_go_along_to_another_server(
    client_of: ClientOf, root: User, described: Exporter
) -> None:
    form = {"name": "Screens", "setting_url": "https://b.test/", "setting_field": "$.id"}
    answer = client_of(root).post(page(described), form)
    assert errors(answer) == {"setting_token": [ANEW]}
    form |= {"setting_token": "for b"}
    assert client_of(root).post(page(described), form).status_code == 302
    assert Exporter.objects.get().opened_secrets() == {"token": "for b"}


# -- players that the vendor lists ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["paste_macs", "remove_macs", "import_csv"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_types_players_that_the_vendor_lists(
    client_of: ClientOf, alice: User, addreality: Exporter, name: str, method: str
) -> None:
    client = client_of(alice)
    answer = getattr(client, method)(page(addreality, name), {"addresses": factories.mac_of(1)})
    assert answer["Location"] == page(addreality)
    assert "nobody types them" in text(client.get(page(addreality)))
    assert not Player.objects.exists()


def test_the_page_of_such_an_exporter_leads_to_its_players_not_to_a_paste_box(
    client_of: ClientOf, alice: User, addreality: Exporter
) -> None:
    Player.objects.create(
        platform=addreality.platform, exporter=addreality, identity="51234",
        source=PlayerSource.DISCOVERED,
    )  # fmt: skip
    answer = text(client_of(alice).get(page(addreality)))
    assert f"/admin/exporters/player/?exporter={addreality.pk}" in answer
    assert page(addreality, "paste_macs") not in answer
    listed = text(client_of(alice).get(reverse("admin:exporters_exporter_changelist")))
    assert f"/admin/exporters/player/?exporter={addreality.pk}" in listed


def test_devices_without_room_are_told_on_the_exporters_page(
    client_of: ClientOf, alice: User, addreality: Exporter
) -> None:
    client = client_of(alice)
    assert "not watched" not in text(client.get(page(addreality)))
    Exporter.objects.update(over_limit=1234)
    Platform.objects.update(players_limit=500)
    shown = text(client.get(page(addreality)))
    assert "1234 devices of the vendor are not watched" in shown
    assert "500" in shown
