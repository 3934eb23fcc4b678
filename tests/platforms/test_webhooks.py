"""Signed webhooks on the wire and from an event to a receiver, against real servers on loopback."""

import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from platforms import channel_wire, notice_kinds, webhooks
from platforms.channel_addresses import words_of
from platforms.channel_wire import Message, Outcome, Post, Told, send
from platforms.models import (
    AuditEntry,
    ChannelKind,
    Delivery,
    DeliveryState,
    Notice,
    NotificationChannel,
    Platform,
)
from platforms.notice_kinds import NoticeKind, Severity
from platforms.notifications import announce, deliver
from tests import factories
from tests.far_side import answer, saying, self_signed, talking
from tests.platforms.messenger import running_service
from tests.platforms.notice_world import (
    BACK,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    SECRET,
    make_channel,
    make_signed,
)

MESSAGE = Message("Gateway down", "It is down.\n", b'{"id": 7}', 1_795_348_800)
LOW = NoticeKind("test_low", "Runs low", Severity.WARNING, lambda told: f"{told.name} runs low")


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Any) -> None:
    """Let channels of these tests lead to this machine."""
    settings.CHANNEL_HOSTS = ["127.0.0.0/8"]


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """Know the kinds of these tests."""
    notice_kinds.register((DOWN, BACK, LOW))
    yield
    for kind in (DOWN, BACK, LOW):
        del notice_kinds.KINDS[kind.name]


def post(address: str, secret: str = SECRET) -> Post:
    """Return a post to a signed webhook."""
    return Post(ChannelKind.WEBHOOK, (), "", address, secret)


def example() -> Callable[[bytes, Mapping[str, str], str], Any]:
    """Return the receiver that the page on notifications shows."""
    page = (Path(__file__).parents[2] / "docs/notifications.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(code.splitlines()) <= 14
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  (our own page)
    read: Callable[[bytes, Mapping[str, str], str], Any] = names["read"]
    return read


class Headers(dict[str, str]):
    """Headers of a request as frameworks give them: the case of a name does not matter."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


# -- on the wire --------------------------------------------------------------------------------


def test_a_receiver_that_follows_the_page_believes_the_message_and_no_changed_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running_service() as service:
        assert send(post(service.webhook), MESSAGE) == Told(Outcome.SENT)
    [(headers, body)] = service.written
    assert body == MESSAGE.document
    assert headers["content-type"] == "application/json"
    assert "remosa" in headers["user-agent"].lower()
    assert headers["x-timestamp"] == str(MESSAGE.at)
    read, given = example(), Headers(headers)
    monkeypatch.setattr(time, "time", lambda: MESSAGE.at + 299)
    assert read(body, given, SECRET) == {"id": 7}
    for wrong in (
        (body.replace(b"7", b"8"), given, SECRET),
        (body, given, SECRET + "x"),
        (body, Headers(headers | {"x-timestamp": str(MESSAGE.at + 1)}), SECRET),
        (body, Headers(headers | {"x-signature": "0" * 64}), SECRET),
    ):
        with pytest.raises(ValueError, match="signature"):
            read(*wrong)
    monkeypatch.setattr(time, "time", lambda: MESSAGE.at + 301)
    with pytest.raises(ValueError, match="old"):
        read(body, given, SECRET)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("200 OK", Told(Outcome.SENT)),
        ("204 No Content", Told(Outcome.SENT)),
        ("400 Bad Request", Told(Outcome.FAILED, "status:400")),
        ("401 Unauthorized", Told(Outcome.FAILED, "status:401")),
        ("404 Not Found", Told(Outcome.FAILED, "status:404")),
        ("410 Gone", Told(Outcome.PERMANENT, "status:410")),
        ("429 Too Many Requests", Told(Outcome.FAILED, "status:429")),
        ("500 Oops", Told(Outcome.FAILED, "status:500")),
    ],
)
def test_only_410_is_final(status: str, told: Told) -> None:
    with running_service(status) as service:
        assert send(post(service.webhook), MESSAGE) == told
    assert len(service.bodies) == 1


def test_no_redirect_is_followed() -> None:
    with running_service() as other, running_service() as service:
        moved = answer(b"", "307 Temporary Redirect", f"Location: {other.url}/elsewhere")
        service.answers = [moved]
        assert send(post(service.webhook), MESSAGE) == Told(Outcome.FAILED, "redirect")
    assert other.bodies == []


def test_a_receiver_that_hangs_holds_nobody_beyond_the_deadline() -> None:
    with running_service() as service:
        service.hang = threading.Event()
        started = time.monotonic()
        told = send(post(service.webhook), MESSAGE, deadline=1.0)
    assert told == Told(Outcome.FAILED, "timeout")
    assert time.monotonic() - started < 5


def test_nobody_there_and_an_endless_answer_are_told_as_that() -> None:
    with running_service() as service:
        address = service.webhook
    assert send(post(address), MESSAGE) == Told(Outcome.FAILED, "unreachable")
    with talking(saying(answer(b"x" * (webhooks.LIMIT + 1)))) as url:
        taken = send(post(url), MESSAGE)
    assert taken == Told(Outcome.SENT), "it was taken: told again it would be told twice"
    with talking(saying(answer(b"x" * (webhooks.LIMIT + 1), status="500 No"))) as url:
        assert send(post(url), MESSAGE) == Told(Outcome.FAILED, "too_large")
    with talking(saying(b"HTT")) as url:
        assert send(post(url), MESSAGE) == Told(Outcome.FAILED, "broken")


def test_without_a_secret_nothing_is_sent() -> None:
    with running_service() as service:
        assert send(post(service.webhook, ""), MESSAGE) == Told(Outcome.PERMANENT, "no_secret")
    assert service.bodies == []


# -- where it may go ----------------------------------------------------------------------------


@pytest.mark.parametrize("permitted", [[], ["10.0.0.0/8"], ["chat.lan"]])
def test_a_private_address_is_not_asked(
    permitted: list[str], settings: Any, tmp_path: Path
) -> None:
    settings.CHANNEL_HOSTS = permitted
    context, _pem = self_signed(tmp_path)
    asked: list[bytes] = []
    with talking(lambda _connection, head: asked.append(head), context) as url:
        for address in (url, f"{url}/?a=c4n4ry"):
            told = send(post(address), MESSAGE)
            assert told == Told(Outcome.PERMANENT, "forbidden_host")
        by_name = send(post(url.replace("127.0.0.1", "localhost")), MESSAGE)
    assert by_name == Told(Outcome.FAILED, "forbidden_host"), "names lead astray for a while"
    assert asked == []


def test_without_encryption_it_goes_to_permitted_places_alone(settings: Any) -> None:
    with running_service() as service:
        by_name = service.webhook.replace("127.0.0.1", "localhost")
        settings.CHANNEL_HOSTS = ["LocalHost"]
        assert send(post(by_name), MESSAGE) == Told(Outcome.SENT)
        told = send(post(service.webhook), MESSAGE)
        assert told == Told(Outcome.PERMANENT, "not_encrypted"), "the name is permitted, not this"
        settings.CHANNEL_HOSTS = ["127.0.0.1"]
        assert send(post(by_name), MESSAGE) == Told(Outcome.SENT), "it leads into a permitted one"
        settings.CHANNEL_HOSTS = []
        assert send(post(by_name), MESSAGE) == Told(Outcome.PERMANENT, "not_encrypted")
    assert len(service.bodies) == 2
    settings.CHANNEL_HOSTS = ["127.0.0.1"]
    public = send(post("http://8.8.8.8/c4n4ry"), MESSAGE, deadline=1.0)  # nothing leaves
    assert public == Told(Outcome.PERMANENT, "not_encrypted")


def test_over_tls_the_certificate_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, pem = self_signed(tmp_path)
    with talking(saying(answer(b"ok")), context) as url:
        assert send(post(url), MESSAGE) == Told(Outcome.FAILED, "tls")
        trusted = tmp_path / "trusted.pem"
        trusted.write_text(pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert send(post(url), MESSAGE) == Told(Outcome.SENT)


@pytest.mark.parametrize(
    ("address", "hosts", "error"),
    [
        ("https://hooks.example.com/a/b?token=x", [], ""),
        ("https://10.0.0.1/", [], ""),  # refused when it is asked, as an Apprise address is
        ("http://hooks.example.com/", [], "not_encrypted"),
        ("http://hooks.lan/", ["hooks.lan"], ""),
        ("http://HOOKS.lan./", ["hooks.lan"], ""),
        ("http://hooks.lan/", ["10.0.0.0/8"], ""),  # the name may lead there
        ("http://10.1.2.3:8080/", ["10.0.0.0/8"], ""),
        ("http://10.1.2.3:8080/", ["192.168.0.0/16"], "not_encrypted"),
        ("http://8.8.8.8/", ["10.0.0.0/8"], "not_encrypted"),
        ("http://[fd00::1]/", ["fd00::/8"], ""),
        ("https://user:word@example.com/", [], "bad_address"),
        ("https://example.com/#x", [], "bad_address"),
        ("https://пример.test/", [], "bad_address"),
        ("json://example.com/", ["example.com"], "bad_address"),
        ("file:///etc/passwd", [], "bad_address"),
        ("nonsense", [], "bad_address"),
        ("", [], "bad_address"),
    ],
)
def test_an_address_is_looked_at_before_it_is_stored(
    address: str, hosts: list[str], error: str, settings: Any
) -> None:
    settings.CHANNEL_HOSTS = hosts
    assert webhooks.problem_of(address) == error


def test_every_error_has_words() -> None:
    for code in ("not_encrypted", "no_secret", "redirect", "too_large", "unreachable"):
        assert words_of(code) != code


# -- from an event to a receiver ----------------------------------------------------------------


def down(platform: Platform | None, **named: Any) -> None:
    """Announce that a thing is down."""
    facts = {"since": NOW.isoformat(), "жук": "é"}
    assert announce(DOWN.name, platform=platform, facts=facts, **{"about": None, **named})


@pytest.mark.django_db
def test_a_message_tells_a_program_all_that_it_tells_people(platform_a: Platform) -> None:
    site = factories.make_site(platform_a, "Молл")
    with running_service() as service:
        make_signed(platform_a, service.webhook, language="ru")
        down(platform_a, about=site, key="k", now=NOW)
        deliver(NOW)
        announce(BACK.name, platform=platform_a, about=site, facts={}, key="k", now=NOW + SECOND)
        down(platform_a, key="other", now=NOW + SECOND)
        assert deliver(NOW + 31 * SECOND) == 1
        deliver(NOW + 4 * HOUR + 2 * SECOND)
        assert deliver(NOW + 4 * HOUR + MINUTE) == 1
    (headers, raw), (_headers, second) = service.written
    assert "Молл".encode() in raw
    first, later = Delivery.objects.order_by("pk")
    told = json.loads(raw)
    ended, back, lasts = (Notice.objects.get(pk=each["id"]) for each in told["notices"])
    assert list(told) == [
        "version", "id", "sent_at", "language", "title", "text", "notices", "more",
    ]  # fmt: skip
    assert (told["version"], told["id"], told["language"], told["more"]) == (1, first.pk, "ru", 0)
    assert told["sent_at"] == "2026-11-22T12:00:31+00:00"
    assert headers["x-timestamp"] == str(int((NOW + 31 * SECOND).timestamp()))
    assert told["title"].startswith("Remosa · Alpha: Thing down, Thing back (3)")
    assert "Молл is down since 22.11.2026 15:00 (Europe/Moscow)" in told["text"]
    assert told["notices"][0] == {
        "id": ended.pk,
        "kind": "test_down",
        "title": "Thing down",
        "severity": "critical",
        "platform": {"id": platform_a.pk, "name": "Alpha"},
        "about": {"type": "platforms.site", "id": str(site.pk), "name": str(site)},
        "facts": {"since": "2026-11-22T12:00:00+00:00", "жук": "é"},
        "sentence": "Молл is down since 22.11.2026 15:00 (Europe/Moscow)",
        "at": "2026-11-22T12:00:00+00:00",
        "ended_at": "2026-11-22T12:00:01+00:00",
        "again": False,
    }
    assert (back.kind, told["notices"][1]["ended_at"]) == (BACK.name, None)
    assert (lasts.key, told["notices"][2]["ended_at"]) == ("other", None)
    assert told["notices"][2]["about"] == {"type": "", "id": "", "name": ""}
    again = json.loads(second)
    assert (again["id"], [each["again"] for each in again["notices"]]) == (later.pk, [True])


@pytest.mark.django_db
def test_a_message_of_the_installation_names_the_platform_of_each_notice(
    platform_a: Platform,
) -> None:
    with running_service() as service:
        make_signed(None, service.webhook, hears_platforms=True)
        announce(LOW.name, platform=platform_a, about=None, facts={}, now=NOW)
        announce(LOW.name, platform=None, about=None, facts={}, now=NOW)
        deliver(NOW)
        deliver(NOW + MINUTE)
    [body] = service.bodies
    platforms = [each["platform"] for each in body["notices"]]
    assert platforms == [{"id": platform_a.pk, "name": "Alpha"}, None]
    assert {each["severity"] for each in body["notices"]} == {"warning"}


@pytest.mark.django_db
def test_a_thousand_notices_stand_in_a_message_and_the_others_are_counted(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platforms.notice_documents.MOST_NOTICES", 3)
    with running_service() as service:
        make_signed(platform_a, service.webhook)
        for number in range(5):
            down(platform_a, key=str(number), now=NOW)
        deliver(NOW)
        deliver(NOW + MINUTE)
    [body] = service.bodies
    assert (len(body["notices"]), body["more"]) == (3, 2)


@pytest.mark.django_db
def test_a_retry_has_the_same_id_and_a_signature_of_its_own_time(platform_a: Platform) -> None:
    with running_service("500 Oops", "200 OK") as service:
        channel = make_signed(platform_a, service.webhook)
        down(platform_a, key="k", now=NOW)
        deliver(NOW)
        assert deliver(NOW + MINUTE) == 0
        channel.refresh_from_db()
        assert (channel.enabled, channel.last_error) == (True, "status:500")
        assert deliver(NOW + 2 * MINUTE) == 1
    (first, one), (second, two) = service.written
    assert json.loads(one)["id"] == json.loads(two)["id"] == Delivery.objects.get().pk
    assert int(second["x-timestamp"]) - int(first["x-timestamp"]) == 60
    assert first["x-signature"] != second["x-signature"]


@pytest.mark.django_db
def test_a_receiver_that_is_gone_switches_the_channel_off(platform_a: Platform) -> None:
    with running_service("410 Gone") as service:
        channel = make_signed(platform_a, service.webhook)
        down(platform_a, key="k", now=NOW)
        deliver(NOW)
        deliver(NOW + MINUTE)
        deliver(NOW + HOUR)
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (False, "status:410")
    assert Delivery.objects.get(family=DOWN.name).state == DeliveryState.GIVEN_UP
    assert len(service.bodies) == 1


@pytest.mark.django_db
def test_sending_holds_no_transaction_and_touches_no_database(platform_a: Platform) -> None:
    make_signed(platform_a, "http://127.0.0.1:9/x")
    channel = NotificationChannel.objects.get()
    given = channel_wire.post_of(channel)
    with running_service() as service, connection.execute_wrapper(_refuse):
        assert send(given._replace(address=service.webhook), MESSAGE) == Told(Outcome.SENT)


def _refuse(*_arguments: Any) -> Any:
    raise AssertionError("the thread that sends reads no database")


# -- secrets ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_address_and_secret_stand_in_no_log_row_or_representation(
    platform_a: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_service("500 Oops", "302 Found", "410 Gone") as service:
        service.answers[1] = answer(b"", "302 Found", f"Location: {service.webhook}")
        make_signed(platform_a, service.webhook)
        down(platform_a, key="k", now=NOW)
        deliver(NOW)
        for number in (1, 2, 4):
            deliver(NOW + number * MINUTE)
    channel = NotificationChannel.objects.get()
    assert not channel.enabled
    assert len(service.bodies) == 3
    plain = [caplog.text, repr(channel), repr(vars(channel)), repr(channel_wire.post_of(channel))]
    plain += [str(list(model.objects.values())) for model in (AuditEntry, Notice, Delivery)]
    plain += [body.decode() for _headers, body in service.written]
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, secret FROM platforms_notificationchannel")
        plain.append(str(cursor.fetchall()))
    assert "c4n4ry" not in "".join(plain)
    assert channel.secret.reveal() == SECRET


@pytest.mark.django_db
def test_a_new_key_seals_address_and_secret_anew(platform_a: Platform, settings: Any) -> None:
    channel = make_signed(platform_a, "https://example.test/c4n4ry")
    make_channel(platform_a)
    settings.REMOSA_SECRET_KEYS = [Fernet.generate_key().decode(), *settings.REMOSA_SECRET_KEYS]
    said = io.StringIO()
    call_command("rotate_secrets", stdout=said)
    assert "Encrypted anew: 2." in said.getvalue()
    settings.REMOSA_SECRET_KEYS = settings.REMOSA_SECRET_KEYS[:1]
    channel.refresh_from_db()
    assert (channel.address.reveal(), channel.secret.reveal()) == (
        "https://example.test/c4n4ry",
        SECRET,
    )


@pytest.mark.django_db
def test_a_secret_whose_key_is_gone_is_told_as_that(platform_a: Platform, settings: Any) -> None:
    make_signed(platform_a, "https://example.test/")
    settings.REMOSA_SECRET_KEYS = [Fernet.generate_key().decode()]
    down(platform_a, key="k", now=NOW)
    deliver(NOW)
    deliver(NOW + MINUTE)
    assert Delivery.objects.get().error == "key_ring"
