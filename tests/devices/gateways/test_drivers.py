"""What drivers declare, what settings they take, and what is special about each."""

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.functional import Promise

from devices.gateways import DRIVERS
from devices.gateways.shape import (
    Account,
    Fate,
    GatewayError,
    Outcome,
    Reason,
    SettingsError,
)
from devices.gateways.wire import REFUSALS
from devices.phones import PhoneFormat
from exporters.kinds.shape import SettingType

from .accounts import BASIC, CASES, KEY, LOGIN, OUTGOING, PHONE, SECRET, Case
from .far_gateway import answering, gateway, status

every_driver = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
SMS_GATE = CASES["sms_gate, login"]


def test_every_driver_says_what_it_can() -> None:
    told = {
        name: (each.deduplicates, each.has_ttl, each.has_status, each.has_inbox, bool(each.webhook))
        for name, each in DRIVERS.items()
    }
    assert told == {
        "http": (False, False, False, True, True),
        "sms_gate": (True, True, True, False, True),
        "kannel": (False, True, False, False, False),
        "described": (False, False, False, False, True),
        "console": (False, False, False, False, False),
    }
    assert all(isinstance(each.title, Promise) for each in DRIVERS.values())
    assert [name for name, each in DRIVERS.items() if not each.needs_address] == ["console"]


def test_the_page_on_gateways_tells_of_every_driver_and_refusal() -> None:
    page = (Path(__file__).parents[3] / "docs" / "gateways.md").read_text(encoding="utf-8")
    section = page.partition("## The drivers, one by one")[2].partition("\n## ")[0]
    assert re.findall(r"^\*\*[^*]+\*\* \(`(\w+)`\)", section, re.MULTILINE) == list(DRIVERS)
    for name, each in DRIVERS.items():
        row = re.search(rf"^\|.*\(`{name}`\) \| (\w+) \| (\w+) \| (\w+) \|", page, re.MULTILINE)
        assert row is not None
        told = (each.deduplicates, each.has_ttl, each.has_status)
        assert [word == "yes" for word in row.groups()] == list(told)
    assert ", ".join(map(str, REFUSALS)) in page


def test_every_setting_has_a_name_of_its_own_and_a_default_that_it_takes() -> None:
    for driver in DRIVERS.values():
        names = [each.name for each in driver.settings]
        assert len(set(names)) == len(names)
        for each in driver.settings:
            if each.type is SettingType.CHOICE:
                assert each.default in dict(each.choices)
        formats = [each for each in driver.settings if each.name == "phone_format"]
        assert all(each.default == driver.phone_format for each in formats)


def test_every_word_for_people_can_be_translated() -> None:
    for kind in (Outcome, Reason, Fate):
        assert all(isinstance(member.label, Promise) for member in kind)
    with translation.override(None):
        assert str(Reason.DNS) == "The name of the gateway is not known."
        assert str(GatewayError(Reason.DNS)) == str(Reason.DNS)


@every_driver
def test_an_account_that_can_send_passes_the_check(case: Case) -> None:
    case.code.check(case.account("https://sms.example.com/base"))


@every_driver
@pytest.mark.parametrize(
    "address", ["", "sms.example.com", "ftp://a/", "http://u:p@a/", "http://a b/"]
)
def test_an_address_that_is_none_fails_the_check(case: Case, address: str) -> None:
    with pytest.raises(SettingsError, match=r"^address "):
        case.code.check(case.account("")._replace(address=address))


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.driver != "described"]
)
def test_a_missing_secret_fails_the_check(name: str) -> None:
    account = CASES[name].account("http://a")._replace(secret="")
    with pytest.raises(SettingsError, match="secret"):
        CASES[name].code.check(account)


@pytest.mark.parametrize("name", ["http, form", "sms_gate, token", "described, JSON"])
def test_a_secret_that_no_header_holds_fails_the_check(name: str) -> None:
    account = CASES[name].account("http://a")._replace(secret="ключ")
    with pytest.raises(SettingsError, match=r"^secret "):
        CASES[name].code.check(account)


@pytest.mark.parametrize("form", PhoneFormat)
def test_numbers_are_written_as_the_gateway_wants_them(form: PhoneFormat) -> None:
    for name in ("http, form", "kannel", "described, JSON"):
        case = CASES[name]
        account_settings = {**case.settings, "phone_format": form.value}
        with gateway(case.behaves()) as log:
            case.code.send(
                Account(log.address + case.address_path, SECRET, account_settings), OUTGOING
            )
        expected = {"e164": PHONE, "digits": PHONE[1:], "zeros": f"00{PHONE[1:]}"}[form]
        assert expected in case.values(log.requests[0]).values()


def test_the_http_gateway_gets_its_key_as_it_is() -> None:
    for name in ("http, form", "http, address"):
        with gateway(status(200, b"OK")) as log:
            CASES[name].code.send(CASES[name].account(log.address), OUTGOING)
        [asked] = log.requests
        assert asked.method == "POST"
        assert asked.headers["authorization"] == SECRET
        assert CASES[name].values(asked) == {"number": PHONE, "text": "#07#"}


# -- SMS Gate -----------------------------------------------------------------------------------


def test_sms_gate_is_told_id_and_time_to_live() -> None:
    with gateway(SMS_GATE.behaves()) as log:
        sent = SMS_GATE.code.send(SMS_GATE.account(log.address), OUTGOING._replace(ttl=1))
        token = CASES["sms_gate, token"]
        token.code.send(token.account(log.address + "/3rdparty/v1/"), OUTGOING)
    assert sent.gateway_id == KEY
    first, second = log.requests
    assert first.headers["authorization"] == f"Basic {BASIC}"
    assert first.query == "skipPhoneValidation=true"
    assert json.loads(first.body) == {
        "id": KEY,
        "textMessage": {"text": "#07#"},
        "phoneNumbers": [PHONE],
        "ttl": 5,
        "withDeliveryReport": True,
    }
    assert second.headers["authorization"] == f"Bearer {SECRET}"
    assert second.path == "/3rdparty/v1/messages"
    assert json.loads(second.body)["simNumber"] == 2


def test_sms_gate_that_knows_an_id_has_taken_the_message_before() -> None:
    with gateway(status(409)) as log:
        sent = SMS_GATE.code.send(SMS_GATE.account(log.address), OUTGOING)
    assert sent[:3] == (Outcome.ACCEPTED, Reason.REPEATED, KEY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"{",
        b"[]",
        b"null",
        b'{"ok": true}',
        b'{"id": 7}',
        b'{"id": "a b"}',
        b"[" * 9999,
    ],
)
def test_a_success_of_sms_gate_without_its_id_proves_nothing(body: bytes) -> None:
    with gateway(status(202, body)) as log:
        sent = SMS_GATE.code.send(SMS_GATE.account(log.address), OUTGOING)
    assert (sent.outcome, sent.reason) == (Outcome.UNKNOWN, Reason.ODD_ANSWER)


@pytest.mark.parametrize(
    ("state", "history", "expected"),
    [
        ("Pending", ["Pending"], Fate.WAITING),
        ("Processed", ["Pending", "Processed"], Fate.WAITING),
        ("Sent", ["Pending", "Processed", "Sent"], Fate.SENT),
        ("Delivered", [], Fate.SENT),
        ("Failed", ["Pending", "Failed"], Fate.FAILED),
        ("Failed", ["Pending", "Processed", "Failed"], Fate.UNKNOWN),
        ("Failed", ["Pending", "Processed", "Sent", "Failed"], Fate.SENT),
        ("Failed", [], Fate.UNKNOWN),
        ("Cancelled", ["Pending", "Cancelled"], Fate.FAILED),
        ("Novel", ["Pending"], Fate.UNKNOWN),
        (None, ["Pending"], Fate.UNKNOWN),
    ],
)
def test_sms_gate_is_asked_what_became_of_a_message(
    state: str | None, history: list[str], expected: Fate
) -> None:
    states = dict.fromkeys(history, "2025-07-07T10:15:00Z")
    body = json.dumps({"id": KEY, "state": state, "states": states}).encode()
    with gateway(status(200, body)) as log:
        assert asked_status(log.address) is expected
    [asked] = log.requests
    assert (asked.method, asked.path) == ("GET", f"/messages/{KEY}")
    assert asked.headers["authorization"] == f"Basic {BASIC}"


def test_sms_gate_says_that_it_knows_no_such_message() -> None:
    for body in (b"", b'{"message": "not found"}'):
        with gateway(status(404, body)) as log:
            assert asked_status(log.address) is Fate.ABSENT


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (404, b"<html>nothing here</html>", Reason.NOT_FOUND),
        (401, b"", Reason.CREDENTIALS),
        (500, b"", Reason.SERVER_ERROR),
        (200, b"nonsense", Reason.ODD_ANSWER),
        (200, b'{"id": "another", "state": "Sent"}', Reason.ODD_ANSWER),
    ],
)
def test_other_answers_say_nothing_of_a_message(code: int, body: bytes, reason: Reason) -> None:
    with gateway(status(code, body)) as log, pytest.raises(GatewayError) as caught:
        asked_status(log.address)
    assert caught.value.reason is reason


def asked_status(address: str) -> Fate:
    assert SMS_GATE.code.status is not None
    return SMS_GATE.code.status(SMS_GATE.account(address), KEY)


# -- Kannel -------------------------------------------------------------------------------------


def test_kannel_is_told_everything_in_one_query() -> None:
    case = CASES["kannel"]
    settings = {**case.settings, "sender": "Remosa", "smsc": "beeline", "phone_format": "e164"}
    with gateway(status(202, b"3: Queued for later delivery")) as log:
        account = Account(f"{log.address}/cgi-bin/sendsms?dlr-mask=0", SECRET, settings)
        assert (
            case.code.send(account, OUTGOING._replace(text="вкл", ttl=150)).outcome
            is Outcome.ACCEPTED
        )
    [asked] = log.requests
    assert asked.method == "GET"
    assert case.values(asked) == {
        "dlr-mask": "0",
        "username": LOGIN,
        "password": SECRET,
        "to": PHONE,
        "text": "вкл",
        "charset": "UTF-8",
        "coding": "2",
        "validity": "2",
        "from": "Remosa",
        "smsc": "beeline",
    }


def test_kannel_refuses_a_number_for_ever_and_a_login_until_it_is_mended() -> None:
    case = CASES["kannel"]
    found = []
    for body in (b"Not routable. Do not try again.", b"Authorization failed for sendsms"):
        with gateway(status(403, body)) as log:
            found.append(case.code.send(case.account(log.address), OUTGOING))
    assert [(sent.outcome, sent.reason, sent.permanent) for sent in found] == [
        (Outcome.REJECTED, Reason.DECLINED, True),
        (Outcome.REJECTED, Reason.CREDENTIALS, False),
    ]


# -- described ----------------------------------------------------------------------------------

DESCRIBED = CASES["described, JSON"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"path": "sms"}, "path"),
        ({"path": ".evil.test/"}, "path"),
        ({"path": "/{text}"}, "path"),
        ({"path": "/{secret}/send"}, "path"),
        ({"path": "/x/../admin"}, "address"),
        ({"path": "/x#y"}, "address"),
        ({"body": ""}, "body"),
        ({"body": '{"to": "{phone}"}'}, "body"),
        ({"body": '{"to": "{phone}", "text": {text}}'}, "body"),
        ({"body": '{"to": "{phone}", "text": "{text}", "x": "{novel}"}'}, "body"),
        ({"body": '{"to": "{phone}", "{text}": "{text}{novel}"}'}, "body"),
        ({"body": '"{phone}{text}"'}, "body"),
        ({"body": "[" * 5000}, "body"),
        ({"method": "GET"}, "body"),
        ({"headers": ["no colon"]}, "headers"),
        ({"headers": ["Host: elsewhere"]}, "headers"),
        ({"headers": ["content-length: 5"]}, "headers"),
        ({"headers": ["X-Text: {text}"]}, "headers"),
        ({"headers": ["X: a\r\nY: b"]}, "headers"),
        ({"success_statuses": ["302"]}, "success_statuses"),
        ({"refusal_statuses": ["500"]}, "success_statuses"),
        ({"refusal_statuses": ["4x"]}, "success_statuses"),
    ],
)
def test_a_description_that_could_go_wrong_is_refused(
    changes: Mapping[str, Any], name: str
) -> None:
    account = Account("https://sms.example.com", SECRET, {**DESCRIBED.settings, **changes})
    with pytest.raises(SettingsError, match=rf"^{name} "):
        DESCRIBED.code.check(account)
    assert DESCRIBED.code.send(account, OUTGOING).outcome is Outcome.REJECTED


def test_a_described_gateway_gets_its_headers_and_numbers() -> None:
    with gateway(DESCRIBED.behaves()) as log:
        DESCRIBED.code.send(DESCRIBED.account(log.address), OUTGOING)
    [asked] = log.requests
    assert asked.headers["x-api-key"] == SECRET
    assert asked.headers["idempotency-key"] == KEY
    assert DESCRIBED.values(asked)["ttl"] == 60


@pytest.mark.parametrize(
    ("code", "body", "settings", "expected"),
    [
        (200, b"queued", {"success_texts": ["queued", "sent"]}, Outcome.ACCEPTED),
        (200, b"ERR 7", {"success_texts": ["queued", "sent"]}, Outcome.UNKNOWN),
        (200, b"ERR no credit", {"refusal_texts": ["no credit"]}, Outcome.REJECTED),
        (500, b"ERR no credit", {"refusal_texts": ["no credit"]}, Outcome.REJECTED),
        (
            200,
            b"sent 1, no credit for 1",
            {"success_texts": ["sent"], "refusal_texts": ["no credit"]},
            Outcome.UNKNOWN,
        ),
        (500, b"sent", {"success_texts": ["sent"]}, Outcome.UNKNOWN),
        (201, b"", {"success_statuses": ["202"]}, Outcome.UNKNOWN),
        (202, b"", {"success_statuses": ["202"]}, Outcome.ACCEPTED),
        (200, b"<html>sent</html>", {}, Outcome.UNKNOWN),
        (200, b"<html>sent</html>", {"success_texts": [">sent<"]}, Outcome.ACCEPTED),
        (409, b"", {"refusal_statuses": ["409"]}, Outcome.REJECTED),
        (401, b"", {"refusal_statuses": ["409"]}, Outcome.UNKNOWN),
        (451, b"", {"refusal_statuses": ["4xx"]}, Outcome.REJECTED),
    ],
)
def test_a_description_says_what_answers_prove(
    code: int, body: bytes, settings: Mapping[str, Any], expected: Outcome
) -> None:
    described = {key: DESCRIBED.settings[key] for key in ("path", "body")}
    with gateway(status(code, body)) as log:
        sent = DESCRIBED.code.send(
            Account(log.address, SECRET, {**described, **settings}), OUTGOING
        )
    assert sent.outcome is expected


# -- console ------------------------------------------------------------------------------------


def test_the_console_writes_a_line_and_asks_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "devices.gateways.console")
    console = DRIVERS["console"]
    console.check(Account(""))
    for text in ("#07#", "two\nlines \x1b[31m", "\ud800\x00"):
        sent = console.send(Account(""), OUTGOING._replace(text=text))
        assert (sent.outcome, sent.gateway_id) == (Outcome.ACCEPTED, KEY)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == f"SMS to ••••••••••89 ({KEY}): '#07#'"
    assert not any("\n" in line or "\x1b" in line for line in lines)


def test_an_answer_in_pieces_is_one_answer() -> None:
    parts = (b"HTTP/1.1 202 Acc", b"epted\r\nContent-Le", b"ngth: 2\r\n\r\nO", b"K")
    with gateway(answering(*parts)) as log:
        sent = CASES["http, form"].code.send(CASES["http, form"].account(log.address), OUTGOING)
    assert sent.outcome is Outcome.ACCEPTED
