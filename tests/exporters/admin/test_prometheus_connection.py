"""The page of the Prometheus connection: superadmins alone, secrets unseen, faults in words."""

import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from exporters.connection import current_connection
from exporters.models import Exporter, PrometheusConnection
from exporters.prometheus import Connection, PrometheusError
from platforms.models import AuditEntry, User
from tests import factories
from tests.conftest import ClientOf
from tests.exporters.watched_world import STATUS, Scripted, World, sample
from tests.far_side import answer, saying, self_signed, talking

pytestmark = pytest.mark.django_db
PAGE = "/admin/exporters/prometheusconnection/"
ADD, CHANGE, TEST = f"{PAGE}add/", f"{PAGE}1/change/", f"{PAGE}test/"
SECRET = "canary-of-the-secret-93a1"


def form(url: str, **more: Any) -> dict[str, Any]:
    return {
        "url": url,
        "timeout": 5,
        "authentication": "none",
        "username": "",
        "secret": "",
        "verify_tls": "on",
        "ca_certificate": "",
        **more,
    }


def text(got: Any) -> str:
    return str(got.content.decode())


# -- whose page ---------------------------------------------------------------------------------


def test_nobody_but_a_superadmin_gets_in(client_of: ClientOf, alice: User) -> None:
    client = client_of(alice)
    for address in (PAGE, ADD, CHANGE):
        assert client.get(address).status_code in (403, 404)
    assert client.post(TEST, form("http://127.0.0.1:9")).status_code == 403
    assert client.post(ADD, form("http://127.0.0.1:9")).status_code == 403
    assert not PrometheusConnection.objects.exists()


def test_there_is_one_row_and_it_is_never_deleted(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    assert client.get(PAGE).headers["Location"] == ADD
    assert client.post(ADD, form("http://prometheus:9090")).status_code == 302
    assert PrometheusConnection.objects.get().pk == 1
    assert client.get(PAGE).headers["Location"] == CHANGE
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, form("http://other:9090")).status_code == 403
    assert client.post(f"{PAGE}1/delete/", {"post": "yes"}).status_code == 403
    assert PrometheusConnection.objects.get().url == "http://prometheus:9090"


# -- which one holds ----------------------------------------------------------------------------


def test_the_setting_holds_until_a_row_is_saved(
    client_of: ClientOf, root: User, settings: LazySettings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9391"
    assert current_connection() == Connection("http://127.0.0.1:9391")
    client = client_of(root)
    assert "http://127.0.0.1:9391" in text(client.get(ADD))
    client.post(ADD, form("https://metrics.test", authentication="bearer", secret=SECRET))
    assert current_connection() == Connection(
        "https://metrics.test", authentication="bearer", secret=SECRET, timeout=5.0
    )


def test_without_setting_and_row_it_says_what_to_do(settings: LazySettings) -> None:
    settings.PROMETHEUS_URL = ""
    with pytest.raises(PrometheusError, match="No Prometheus is set"):
        current_connection()


def test_a_lost_key_is_an_outage_in_plain_words(
    client_of: ClientOf, root: User, bob: User, exporter_a: Exporter, settings: LazySettings
) -> None:
    factories.make_mac(exporter_a)
    client_of(root).post(ADD, form("http://127.0.0.1:9", authentication="bearer", secret=SECRET))
    settings.REMOSA_SECRET_KEYS = ["another key of at least 32 characters"]
    page = text(client_of(bob).get("/admin/exporters/player/"))
    assert "Prometheus does not answer" in page
    assert "REMOSA_SECRET_KEYS" in page
    assert client_of(root).get(CHANGE).status_code == 200


# -- the form -----------------------------------------------------------------------------------


def test_the_secret_is_written_and_never_shown(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    basic = form("http://127.0.0.1:9", authentication="basic", username="remosa", secret=SECRET)
    client.post(ADD, basic)
    client.post(CHANGE, {**basic, "secret": "", "timeout": 7})
    row = PrometheusConnection.objects.get()
    assert (row.secret.reveal(), row.timeout) == (SECRET, 7)
    for page in (client.get(CHANGE), client.post(TEST, {**basic, "secret": ""})):
        assert SECRET not in text(page)
    kept = [f"{entry.before}{entry.after}" for entry in AuditEntry.objects.all()]
    assert len(kept) == 2
    assert SECRET not in str(kept)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"url": "prometheus:9090"}, "Write an address such as"),
        ({"url": "ftp://127.0.0.1"}, "Write an address such as"),
        ({"url": "http://name:word@127.0.0.1:9090"}, "Write an address such as"),
        ({"url": "http://127.0.0.1:99999"}, "Write an address such as"),
        ({"url": "javascript:alert(1)"}, "Write an address such as"),
        ({"authentication": "basic"}, "Name and password need a name"),
        ({"timeout": 0}, "greater than or equal to 1"),
        ({"timeout": "soon"}, "whole number"),
    ],
)
def test_wrong_input_is_said_where_it_stands(
    client_of: ClientOf, root: User, values: dict[str, Any], error: str
) -> None:
    client = client_of(root)
    for address in (ADD, TEST):
        got = client.post(address, form("http://127.0.0.1:9") | values)
        assert got.status_code == 200
        assert error in text(got)
    assert not PrometheusConnection.objects.exists()


def test_a_stored_secret_is_not_sent_to_another_server(client_of: ClientOf, root: User) -> None:
    heads: list[bytes] = []
    client = client_of(root)
    saved = form("http://127.0.0.1:9/path", authentication="bearer", secret=SECRET)
    client.post(ADD, saved)
    with talking(lambda connection, head: heads.append(head)) as elsewhere:
        for address in (TEST, CHANGE):
            got = client.post(address, {**saved, "url": elsewhere, "secret": ""})
            assert "Enter it anew" in text(got)
    assert heads == []
    assert PrometheusConnection.objects.get().url == "http://127.0.0.1:9/path"
    # Another path of the same server is no other server.
    assert (
        client.post(CHANGE, {**saved, "url": "http://127.0.0.1:9/", "secret": ""}).status_code
        == 302
    )


@pytest.mark.parametrize("box", [{"secret": ""}, {}], ids=["empty", "left out"])
def test_a_stored_secret_does_not_move_to_another_server_unused_either(
    box: dict[str, str], client_of: ClientOf, root: User
) -> None:
    heads: list[bytes] = []
    client = client_of(root)
    saved = form("http://127.0.0.1:9", authentication="bearer", secret=SECRET)
    client.post(ADD, saved)
    del saved["secret"]
    with talking(lambda connection, head: heads.append(head)) as elsewhere:
        kept = {**saved, "url": elsewhere, **box}
        assert client.post(CHANGE, {**kept, "authentication": "none"}).status_code == 302
        assert not PrometheusConnection.objects.get().secret
        client.post(CHANGE, kept)
        client.post(TEST, kept)
    assert not any(SECRET in head.decode() for head in heads)
    told = [
        (entry.before.get("secret"), entry.after.get("secret"))
        for entry in AuditEntry.objects.all()
    ]
    assert ("set", "") in told


# -- the test button ----------------------------------------------------------------------------


def test_it_shows_what_a_real_prometheus_says(
    world: World, client_of: ClientOf, root: User, exporter_a: Exporter
) -> None:
    world.say([sample(STATUS, factories.make_mac(exporter_a).player, 1)])
    page = text(client_of(root).post(TEST, form(world.url)))
    for shown in ("It answers", "2.", " ms", "1 of 1"):
        assert shown in page
    assert "rm-notice" not in page
    assert not PrometheusConnection.objects.exists()


def test_it_says_what_is_to_be_done_although_it_answers(
    scripted: Scripted, client_of: ClientOf, root: User
) -> None:
    scripted.vector = [({}, time.time() + 100)]
    scripted.more = {"warnings": ["a <b>store</b> is away"]}
    page = text(client_of(root).post(TEST, form(scripted.url)))
    for shown in ("100 s", "differ", "NTP", "warnings", "a &lt;b&gt;store&lt;/b&gt; is away"):
        assert shown in page


@pytest.mark.parametrize(
    ("far_side", "words"),
    [
        (answer(b"", "401 Unauthorized"), "refuses the name, password or token"),
        (answer(b"<html>hello"), "not as Prometheus does"),
        (answer(b"", "404 Not Found"), "no Prometheus API"),
        (answer(b"", "503 Service Unavailable"), "HTTP error 503"),
        (answer(b"", "302 Found", "Location: https://login.test/"), "sends on to"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
    ],
)
def test_a_fault_is_told_in_plain_words(
    far_side: bytes, words: str, client_of: ClientOf, root: User
) -> None:
    with talking(saying(far_side)) as url:
        page = text(client_of(root).post(TEST, form(url)))
    assert "The test failed" in page
    assert words in page


def test_silence_nobody_and_an_unknown_name_are_told_in_plain_words(
    client_of: ClientOf, root: User
) -> None:
    client = client_of(root)
    with talking(lambda connection, head: time.sleep(3)) as url:
        assert "did not answer within 1 s" in text(client.post(TEST, form(url, timeout=1)))
    assert "Nobody answers" in text(client.post(TEST, form("http://127.0.0.1:9")))


def test_an_untrusted_certificate_is_told_and_ones_own_authority_accepted(
    client_of: ClientOf, root: User, tmp_path: Path
) -> None:
    client = client_of(root)
    context, pem = self_signed(tmp_path)
    assert isinstance(context, ssl.SSLContext)
    with talking(saying(answer(b"", "401 Unauthorized")), context) as url:
        assert "not trusted" in text(client.post(TEST, form(url)))
        trusting = text(client.post(TEST, form(url, ca_certificate=pem)))
        assert "refuses the name" in trusting
        careless = form(url)
        del careless["verify_tls"]
        assert "refuses the name" in text(client.post(TEST, careless))
        assert "cannot be read" in text(client.post(TEST, form(url, ca_certificate="x")))
