"""Every driver against gateways of every conduct: what is proved, and never a second request."""

import logging
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from devices.gateways import wire
from devices.gateways.shape import Outcome, Reason, Sent
from tests.far_side import self_signed
from tests.ports import free_port

from .accounts import BASIC, CASES, OUTGOING, PHONE, SECRET, Case
from .far_gateway import (
    Behaviour,
    Log,
    answering,
    close_after_reading,
    close_at_once,
    dripping,
    endless,
    gateway,
    never_answer,
    never_read,
    reset_after_reading,
    reset_at_once,
    reset_unread,
    reset_within_the_answer,
    speak_no_tls,
    status,
)

TAKEN, NOT_SENT, UNKNOWN = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN
OK = b"HTTP/1.1 200 OK\r\n"
PAGE = b"<!DOCTYPE html><html><body>Log in to the router</body></html>"

ANSWERS: Mapping[str, tuple[Behaviour, Outcome, Mapping[str, Outcome]]] = {
    "400": (status(400), NOT_SENT, {}),
    "401": (status(401), NOT_SENT, {}),
    "402": (status(402), NOT_SENT, {}),
    "403": (status(403), NOT_SENT, {}),
    "404": (status(404), NOT_SENT, {}),
    "404 page": (status(404, PAGE), NOT_SENT, {}),
    "408": (status(408), UNKNOWN, {}),
    "409": (status(409), UNKNOWN, {"sms_gate": TAKEN, "kannel": NOT_SENT}),
    "410": (status(410), UNKNOWN, {"kannel": NOT_SENT}),
    "413": (status(413), NOT_SENT, {}),
    "422": (status(422), NOT_SENT, {}),
    "429": (status(429, b"", "Retry-After: 0"), NOT_SENT, {}),
    "499": (status(499), UNKNOWN, {}),
    "500": (status(500), UNKNOWN, {}),
    "502 page": (status(502, PAGE), UNKNOWN, {}),
    "503": (status(503, b"try again", "Retry-After: 0"), UNKNOWN, {}),
    "101": (answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), UNKNOWN, {}),
    "304": (answering(b"HTTP/1.1 304 Not Modified\r\n\r\n"), UNKNOWN, {}),
    "302": (status(302, b"", "Location: /elsewhere"), UNKNOWN, {}),
    "307": (status(307, b"", "Location: /elsewhere"), UNKNOWN, {}),
    "417": (status(417), UNKNOWN, {"kannel": NOT_SENT}),
    "a page with 200": (status(200, PAGE), UNKNOWN, {}),
    "nothing but noise": (answering(b"\x00\xff\x01 noise \r\n\r\n"), UNKNOWN, {}),
    "SSH": (answering(b"SSH-2.0-OpenSSH_9.2\r\n"), UNKNOWN, {}),
    "a status that is none": (answering(b"HTTP/1.1 banana\r\n\r\n"), UNKNOWN, {}),
    "half a head": (answering(b"HTTP/1.1 200 OK\r\nContent-Le"), UNKNOWN, {}),
    "half a body": (answering(OK + b"Content-Length: 100\r\n\r\nOK"), UNKNOWN, {}),
    "half a chunk": (answering(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nOK"), UNKNOWN, {}),
    "a chunk that is none": (answering(OK + b"Transfer-Encoding: chunked\r\n\r\nzz"), UNKNOWN, {}),
    "closed at once": (close_at_once, UNKNOWN, {}),
    "closed without an answer": (close_after_reading, UNKNOWN, {}),
    "reset unread": (reset_unread, UNKNOWN, {}),
    "reset after reading": (reset_after_reading, UNKNOWN, {}),
    "reset within the answer": (reset_within_the_answer, UNKNOWN, {}),
    "500 MB": (
        endless(OK + b"Content-Length: 524288000\r\n\r\n", b"x" * 65536),
        UNKNOWN,
        {},
    ),
    "without an end": (endless(OK + b"\r\n", b"x" * 65536), UNKNOWN, {}),
    "headers without an end": (endless(OK, b"X-Much: " + b"x" * 999 + b"\r\n"), UNKNOWN, {}),
}
SLOW: Mapping[str, Behaviour] = {
    "never read": never_read,
    "never answered": never_answer,
    "a dripping head": dripping(OK + b"X-Slow: "),
    "a dripping body": dripping(OK + b"Content-Length: 1000\r\n\r\n"),
}

every_driver = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def keep_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def send(case: Case, log: Log, caplog: pytest.LogCaptureFixture) -> Sent:
    """Send once; hold that it went out once at most, and that nobody learned a secret."""
    account = case.account(log.address)
    sent = case.code.send(account, OUTGOING)
    assert len(log.requests) <= 1
    assert log.connections <= 1
    told = f"{sent!r} {sent.reason} {account!r} {OUTGOING!r} {caplog.text}"
    for hidden in (SECRET, BASIC, PHONE[1:], "#07#"):
        assert hidden not in told
    return sent


@every_driver
def test_a_gateway_that_behaves_takes_one_message(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway(case.behaves()) as log:
        sent = send(case, log, caplog)
    assert (sent.outcome, sent.reason) == (TAKEN, Reason.ACCEPTED)
    [asked] = log.requests
    assert asked.path == case.path
    values = case.values(asked)
    assert "#07#" in values.values()
    assert {PHONE, PHONE[1:]} & {str(value) for value in values.values()}


@every_driver
@pytest.mark.parametrize("name", ANSWERS)
def test_an_outcome_is_no_better_known_than_the_answer_proves(
    case: Case, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour, expected, exceptions = ANSWERS[name]
    with gateway(behaviour) as log:
        started = time.monotonic()
        sent = send(case, log, caplog)
        took = time.monotonic() - started
    assert sent.outcome is exceptions.get(case.driver, expected), sent
    assert took < 5
    if re.fullmatch(r"[0-9]{3}.*", name):
        assert len(log.requests) == 1


@every_driver
@pytest.mark.parametrize("name", SLOW)
def test_who_keeps_a_message_waiting_may_have_sent_it(
    case: Case, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TOTAL", 0.4)
    with gateway(SLOW[name]) as log:
        started = time.monotonic()
        sent = send(case, log, caplog)
        took = time.monotonic() - started
    assert (sent.outcome, sent.reason) == (UNKNOWN, Reason.TIMEOUT)
    assert took < 3


@every_driver
def test_without_a_connection_nothing_was_sent(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Log(f"http://127.0.0.1:{free_port()}")
    assert send(case, nobody, caplog)[:2] == (NOT_SENT, Reason.REFUSED)
    nowhere = Log("http://no-such-name.invalid")
    assert send(case, nowhere, caplog)[:2] == (NOT_SENT, Reason.DNS)
    nonsense = Log("gopher://127.0.0.1")
    assert send(case, nonsense, caplog)[:2] == (NOT_SENT, Reason.ADDRESS)


@every_driver
def test_without_tls_that_is_trusted_nothing_was_sent(
    case: Case, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context, _authority = self_signed(tmp_path)
    with gateway(case.behaves(), context) as log:
        assert send(case, log, caplog)[:2] == (NOT_SENT, Reason.TLS)
    assert log.requests == []
    with gateway(speak_no_tls) as log:
        log.address = log.address.replace("http:", "https:")
        assert send(case, log, caplog)[:2] == (NOT_SENT, Reason.TLS)
    assert log.requests == []


@every_driver
def test_while_it_waits_for_a_connection_nothing_is_sent(
    case: Case, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        log = Log(f"https://127.0.0.1:{mute.getsockname()[1]}")
        started = time.monotonic()
        assert send(case, log, caplog)[:2] == (NOT_SENT, Reason.NO_CONNECTION)
        assert time.monotonic() - started < 5


@every_driver
def test_a_connection_reset_at_once_is_refused_or_proves_nothing(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    """It depends on whether the reset was there before the client knew of the connection."""
    with gateway(reset_at_once) as log:
        sent = send(case, log, caplog)
    assert (sent.outcome, sent.reason) in {
        (NOT_SENT, Reason.REFUSED),
        (UNKNOWN, Reason.BROKEN),
    }


@every_driver
def test_a_refusal_says_whether_another_try_could_help(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    for code, permanent in ((400, True), (401, False), (429, False)):
        with gateway(status(code)) as log:
            sent = send(case, log, caplog)
        assert (sent.permanent, sent.status) == (permanent, code)


@every_driver
def test_one_request_is_sent_on_a_connection_of_its_own_each_time(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway(case.behaves()) as log:
        for number in (1, 2, 3):
            assert case.code.send(case.account(log.address), OUTGOING).outcome is TAKEN
            assert (len(log.requests), log.connections) == (number, number)


def test_no_outcome_depends_on_what_a_fault_of_ours_says(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(*_arguments: object) -> Sent:
        raise RuntimeError(SECRET)

    case = CASES["http, form"]
    with gateway(case.behaves()) as log:
        before = wire.sending(judge, judge)(case.account(log.address), OUTGOING)  # type: ignore[arg-type]
        assert log.connections == 0
        ask = lambda account, _outgoing: wire.Request(account.address + "/x", "POST")  # noqa: E731
        after = wire.sending(ask, judge)(case.account(log.address), OUTGOING)
        assert log.connections == 1
    assert (before.outcome, before.reason) == (NOT_SENT, Reason.FAULT)
    assert (after.outcome, after.reason) == (UNKNOWN, Reason.FAULT)
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text
