"""Lists of sockets on their page: shown first, done as shown, mended, taken away and back."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices import synchronisation
from devices.models import Binding, Device
from exporters.models import Exporter
from platforms.models import Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf
from tests.devices import world

pytestmark = pytest.mark.django_db

PAGE = "/admin/devices/device/import/"
MEND = "/admin/devices/device/import/mend/"
HEAD = "phone,name,model,player\n"


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    synchronisation.synchronise()


def posted(client: Client, text: str | bytes, platform: Platform | None = None) -> Any:
    data = text.encode() if isinstance(text, str) else text
    whose = {"platform": platform.pk} if platform is not None else {}
    return client.post(PAGE, {"file": SimpleUploadedFile("sockets.csv", data), **whose})


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    assert found is not None, f"the page carries no {name}"
    return unescape(found[1])


def agreed(client: Client, shown: Any) -> Any:
    form = {name: hidden(shown, name) for name in ("platform", "agreed")}
    return client.post(PAGE, form)


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())).split())


def test_a_list_is_shown_first_and_done_when_it_is_confirmed(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    factories.make_mac(exporter_a, name="Left LED")
    client = client_of(alice)
    text = f"{HEAD}+79001000001,Hall,d210,Left LED\n7.9E+10,Bad,d210,\n"
    shown = posted(client, text, platform_a)
    assert shown.status_code == 200
    assert "Apply: add 1, change 0, hang 1 players" in text_of(shown)
    assert "A spreadsheet made a number of this phone (7.9E+10)" in text_of(shown)
    assert not Device.objects.exists()
    done = agreed(client, shown)
    assert "Done: 1 added, 0 changed, 1 players hung on lines." in text_of(done)
    assert (Device.objects.get().name, Binding.objects.count()) == ("Hall", 1)
    again = posted(client, text, platform_a)
    assert "There is nothing to change." in text_of(again)
    assert b'name="agreed"' not in again.content


def test_what_was_agreed_but_no_longer_fits_is_shown_anew(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    client = client_of(alice)
    shown = posted(client, f"{HEAD}+79001000001,Hall,d210,\n+79001000002,Bar,d210,\n", platform_a)
    world.make_socket(platform_a, phone="+79001000002", name="Bar")
    again = agreed(client, shown)
    assert "Nothing was done" in text_of(again)
    assert "Apply: add 1, change 0, hang 0 players" in text_of(again)
    assert Device.objects.count() == 1
    agreed(client, again)
    assert Device.objects.count() == 2


def test_lines_that_cannot_be_used_come_back_to_be_mended(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    client = client_of(alice)
    shown = posted(client, f"{HEAD}12,=1+1,d210,\n+79001000002,Bar,d210,Nobody\n", platform_a)
    form = {name: hidden(shown, name) for name in ("platform", "lines")}
    file = client.post(MEND, form)
    text = file.getvalue().decode("utf-8-sig")
    assert text.splitlines()[0].endswith("enabled,reset_only,reason")
    assert "'=1+1" in text
    assert "There is no such player on this platform." in text
    mended = text.replace(",12,", ",+79001000001,").replace("'12", "'+79001000001")
    again = posted(client, mended.replace("Nobody", ""), platform_a)
    assert "Apply: add 2, change 0" in text_of(again)


@pytest.mark.parametrize("name", ["agreed", "lines"])
def test_what_was_sealed_for_one_person_is_of_no_use_to_another(
    name: str, client_of: ClientOf, alice: User, mona: User, charlie: User, platform_a: Platform
) -> None:
    shown = posted(client_of(alice), f"{HEAD}+79001000001,Hall,d210,\n12,x,d210,\n", platform_a)
    form = {"platform": platform_a.pk, name: hidden(shown, name)}
    address = PAGE if name == "agreed" else MEND
    for who in (mona, charlie):
        answer = client_of(who).post(address, form)
        assert answer.status_code in (200, 403, 404)
        assert b"+79001000001" not in answer.content
    assert not Device.objects.exists()


def test_only_who_manages_the_platform_imports_into_it(
    client_of: ClientOf, ursula: User, bob: User, charlie: User, platform_a: Platform
) -> None:
    for who in (ursula, bob):
        assert client_of(who).get(PAGE).status_code == 403
    answer = posted(client_of(charlie), f"{HEAD}+79001000001,Hall,d210,\n", platform_a)
    assert b'name="agreed"' not in answer.content
    assert (
        client_of(charlie).post(PAGE, {"platform": platform_a.pk, "agreed": "x"}).status_code == 403
    )


def test_who_manages_several_platforms_chooses_one(
    client_of: ClientOf, platform_a: Platform, platform_b: Platform
) -> None:
    both = factories.make_member(platform_a, Role.MANAGER)
    from platforms.models import Membership

    Membership.objects.create(platform=platform_b, user=both, role=Role.VIEWER)
    client = client_of(both)
    refused = posted(client, f"{HEAD}+79001000001,Hall,d210,\n", platform_b)
    assert b'name="agreed"' not in refused.content
    agreed(client, posted(client, f"{HEAD}+79001000001,Hall,d210,\n", platform_a))
    assert Device.objects.get().platform == platform_a


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "The file is empty."),
        (b"a,b\n1,2\n", "No column is headed"),
        (b"phone\n" + b"x" * (4 * 1024 * 1024), "larger than 4 MB"),
    ],
)
def test_a_file_that_is_no_list_says_so(
    data: bytes, why: str, client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    assert why in text_of(posted(client_of(alice), data, platform_a))


def test_what_is_exported_comes_back_unchanged(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    socket = world.make_socket(platform_a, name="=Hall", site=factories.make_site(platform_a))
    player = factories.make_mac(exporter_a, name="Left").player
    Binding.objects.create(platform=platform_a, player=player, line=socket.lines.get())
    client = client_of(alice)
    data = client.get("/admin/devices/device/export/").getvalue()
    assert "There is nothing to change." in text_of(posted(client, data, platform_a))


def test_the_queries_of_a_preview_do_not_grow_with_its_lines(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    client, counts = client_of(alice), []
    for count in (3, 300):
        lines = "".join(f"+7900100{n:04},S{n},d210,\n" for n in range(count))
        with CaptureQueriesContext(connection) as queries:
            posted(client, HEAD + lines, platform_a)
        counts.append(len(queries))
    assert counts[0] == counts[1]
