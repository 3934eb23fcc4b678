"""Messages on the wire: a real process of Apprise against real servers on loopback."""

import json
import smtplib
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.core import mail

from platforms import channel_wire, mails
from platforms.apprise_process import Permits
from platforms.channel_addresses import SERVICES, is_final, scheme_of, split_permits, words_of
from platforms.channel_wire import Message, Outcome, Post, Told, send
from platforms.models import ChannelKind
from tests.far_side import answer
from tests.platforms.messenger import running_service

MESSAGE = Message("Gateway down", "It is down.\n")


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Any) -> None:
    """Let channels of these tests lead to this machine."""
    settings.CHANNEL_HOSTS = ["127.0.0.0/8"]


def post(address: str) -> Post:
    """Return a post to a service."""
    return Post(ChannelKind.SERVICE, (), scheme_of(address), address)


def test_a_webhook_gets_title_and_body() -> None:
    with running_service() as service:
        assert send(post(service.address), MESSAGE) == Told(Outcome.SENT)
    [body] = service.bodies
    assert (body["title"], body["message"].strip()) == ("Gateway down", "It is down.")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("500 Oops", Told(Outcome.FAILED, "status:500")),
        ("404 Not Found", Told(Outcome.FAILED, "status:404")),
        ("410 Gone", Told(Outcome.PERMANENT, "status:410")),
    ],
)
def test_the_answer_of_a_webhook_says_whether_to_try_again(status: str, told: Told) -> None:
    with running_service(status) as service:
        assert send(post(service.address), MESSAGE) == told


def test_a_service_that_hangs_holds_nobody_beyond_the_deadline() -> None:
    with running_service() as service:
        service.hang = threading.Event()
        started = time.monotonic()
        address = service.address + "?rto=600&cto=600"
        assert send(post(address), MESSAGE, deadline=3.0) == Told(Outcome.FAILED, "deadline")
        assert time.monotonic() - started < 8
        assert service.asked.is_set()


def test_nobody_there_is_told_as_that() -> None:
    with running_service() as service:
        address = service.address
    assert send(post(address), MESSAGE) == Told(Outcome.FAILED, "unreachable")


@pytest.mark.parametrize("permitted", [[], ["10.0.0.0/8"], ["chat.lan"]])
def test_a_private_address_is_not_called(permitted: list[str], settings: Any) -> None:
    settings.CHANNEL_HOSTS = permitted
    with running_service() as service:
        told = send(post(service.address), MESSAGE)
        by_name = send(post(service.address.replace("127.0.0.1", "localhost")), MESSAGE)
    assert told == by_name == Told(Outcome.PERMANENT, "forbidden_host")
    assert service.bodies == []


def test_a_permitted_name_may_lead_into_the_own_network(settings: Any) -> None:
    settings.CHANNEL_HOSTS = ["LocalHost"]
    with running_service() as service:
        address = service.address.replace("127.0.0.1", "localhost")
        assert send(post(address), MESSAGE) == Told(Outcome.SENT)


def test_no_redirect_is_followed() -> None:
    with running_service() as other, running_service() as service:
        moved = answer(b"", "307 Temporary Redirect", f"Location: {other.url}/elsewhere")
        service.answers = [moved]
        told = send(post(service.address + "?redirect=yes"), MESSAGE)
    assert told == Told(Outcome.FAILED, "status:307")
    assert other.bodies == []


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "127.0.0.1",
        "10.1.2.3",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "2002:a00:1::",
        "fe80::1%eth0",
        "fd00::1",
        "0.0.0.0",
        "224.0.0.1",
        "localhost",
        "/run/docker.sock",
    ],
)
def test_no_way_of_writing_a_private_address_is_public(address: str) -> None:
    assert not Permits([], []).allows(address)


def test_public_addresses_are_open() -> None:
    assert Permits([], []).allows("149.154.167.220")
    assert Permits([], []).allows("2606:4700::6810:84e5")


def test_the_process_is_told_its_secret_by_stdin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    run = subprocess.run

    def watched(arguments: list[str], **named: Any) -> Any:
        seen.append((arguments, named["env"]))
        return run(arguments, **named)

    monkeypatch.setenv("SECRET_KEY", "c4n4ry-key")
    monkeypatch.setattr(subprocess, "run", watched)
    with running_service() as service:
        send(post(service.address), MESSAGE)
    assert seen[0][0][0] == sys.executable
    assert "c4n4ry" not in repr(seen)
    assert "c4n4ry" not in repr(post(service.address))


@pytest.mark.parametrize("address", ["json://", "tgram://short", "slack://x", "discord://"])
def test_what_no_service_understands_is_said_before_it_is_stored(address: str) -> None:
    assert channel_wire.check(address) == "bad_address"


def test_a_good_address_is_understood_without_a_request() -> None:
    with running_service() as service:
        assert channel_wire.check(service.address) == ""
    assert service.bodies == []


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "exec://x",
        "mqtt://h/t",
        "http://h/",
        "",
        "[://",
    ],
)
def test_other_schemes_are_refused(address: str) -> None:
    assert scheme_of(address) == ""


def test_a_messenger_that_knows_no_such_bot_is_final_and_a_webhook_is_not() -> None:
    assert is_final("tgram", [404])
    assert is_final("slack", [403])
    assert not is_final("json", [404])
    assert not is_final("tgram", [200, 404])
    assert not is_final("tgram", [])


def test_every_scheme_is_one_of_apprise() -> None:
    code = (
        "from apprise import Apprise; import json\n"
        "names = [n for s in Apprise().details()['schemas']"
        " for k in ('protocols', 'secure_protocols') for n in s[k] or ()]\n"
        "print(json.dumps(names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    known = set(json.loads(done.stdout))
    assert set(SERVICES) <= known


def test_mail_goes_by_the_mail_server_of_the_installation() -> None:
    told = send(Post(ChannelKind.MAIL, ("a@example.test", "b@example.test"), "", ""), MESSAGE)
    assert told == Told(Outcome.SENT)
    assert mail.outbox[0].subject == "Gateway down"
    assert mail.outbox[0].to == ["a@example.test", "b@example.test"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(), Told(Outcome.FAILED, "mail")),
        (
            smtplib.SMTPRecipientsRefused({"a@example.test": (550, b"no such user")}),
            Told(Outcome.PERMANENT, "recipients"),
        ),
        (
            smtplib.SMTPRecipientsRefused({"a@example.test": (451, b"later")}),
            Told(Outcome.FAILED, "mail"),
        ),
    ],
)
def test_a_mail_that_is_not_taken_is_told(
    error: OSError, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_mail: object) -> None:
        raise mails.MailNotSent("refused") from error

    monkeypatch.setattr(mails, "send", refuse)
    assert send(Post(ChannelKind.MAIL, ("a@example.test",), "", ""), MESSAGE) == told


def test_permits_are_networks_and_names() -> None:
    assert split_permits(["10.0.0.0/8", "Chat.LAN", "::1"]) == (
        ["10.0.0.0/8", "::1/128"],
        ["chat.lan"],
    )
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        split_permits(["10.0.0.0/99"])


def test_errors_are_told_in_words() -> None:
    assert words_of("status:410") == "The service answered with the error 410."
    assert "private network" in words_of("forbidden_host")
