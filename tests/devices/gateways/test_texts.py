"""Whatever a text is made of, the gateway reads that text and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from devices.gateways.placeholders import in_address, in_form, in_json
from devices.gateways.shape import Outcome, Outgoing, Reason
from devices.gateways.wire import below
from platforms.outbound import allowed

from .accounts import CASES, KEY, OUTGOING, PHONE, SECRET, Case
from .far_gateway import gateway

HOSTILE = [
    "#12#0#5#1#",
    "Розетка: +7 (912) 345 & 50 %",
    "שלום \u202eevil\u202c 🔌",
    '"}], "to": [{"number": "+79990000000"}], "x": "',
    "x&number=+79990000000&text=other&to=+79990000000",
    "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "{secret} {phone} {text} {{key}} {}",
    "%26phone%3D1 %00 %s \\u0000 \\",
    "?a=b#c;d/../../e",
    "\x01\x1b[31m\x7f\t",
    " leading and trailing ",
    "x" * 5000,
]

every_driver = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_driver
@pytest.mark.parametrize("text", HOSTILE)
def test_the_gateway_reads_the_very_text(case: Case, text: str) -> None:
    with gateway(case.behaves()) as log:
        plain = case.code.send(case.account(log.address), OUTGOING)
        sent = case.code.send(case.account(log.address), OUTGOING._replace(text=text))
    assert (plain.outcome, sent.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    first, second = log.requests
    assert second.path == first.path == case.path
    assert set(second.headers) == set(first.headers), "no header more"
    expected = {**case.values(first)}
    [name] = [name for name, value in expected.items() if value == "#07#"]
    expected[name] = text
    if "coding" in expected:
        expected["coding"] = "0" if text.isascii() and "\x1b" not in text else "2"
    assert case.values(second) == expected


@every_driver
@pytest.mark.parametrize("text", ["on\x00off", "\ud83d", "a\udfffb"])
def test_what_cannot_be_written_down_never_goes_out(case: Case, text: str) -> None:
    with gateway(case.behaves()) as log:
        sent = case.code.send(case.account(log.address), OUTGOING._replace(text=text))
    assert log.connections == 0
    assert (sent.outcome, sent.reason, sent.permanent) == (Outcome.REJECTED, Reason.TEXT, True)


@every_driver
@pytest.mark.parametrize(
    "phone", ["", "79123456789", "+7912\r\n", "+79123456789,+79990000000", "+٧"]
)
def test_what_is_no_number_never_goes_out(case: Case, phone: str) -> None:
    with gateway(case.behaves()) as log:
        sent = case.code.send(case.account(log.address), OUTGOING._replace(phone=phone))
    assert log.connections == 0
    assert (sent.outcome, sent.reason, sent.permanent) == (Outcome.REJECTED, Reason.PHONE, True)


@pytest.mark.parametrize("name", ["http, address", "kannel", "described, address"])
def test_a_text_that_no_address_can_hold_never_goes_out(name: str) -> None:
    case = CASES[name]
    with gateway(case.behaves()) as log:
        sent = case.code.send(case.account(log.address), OUTGOING._replace(text="ё" * 5000))
    assert log.connections == 0
    assert (sent.outcome, sent.reason, sent.permanent) == (Outcome.REJECTED, Reason.TOO_LONG, True)


@every_driver
@pytest.mark.parametrize("secret", ["", "a\r\nX-Evil: 1", "ключ", "\x00"])
def test_a_secret_that_no_gateway_could_have_sends_nothing_odd(case: Case, secret: str) -> None:
    account = case.account("http://127.0.0.1:9")._replace(secret=secret)
    sent = case.code.send(account, OUTGOING)
    assert sent.outcome is Outcome.REJECTED
    with gateway(case.behaves()) as log:
        sent = case.code.send(account._replace(address=log.address + case.address_path), OUTGOING)
    for asked in log.requests:  # in a query or a login it is a value like others
        assert "x-evil" not in asked.headers
        assert case.values(asked)
        assert asked.path == case.path
    assert len(log.requests) <= 1


texts = st.text(max_size=60)


@settings(max_examples=300)
@given(texts, texts)
def test_filled_in_json_has_the_shape_of_its_template(text: str, secret: str) -> None:
    template: Any = {"a": ["{text}", 1, None], "b": {"c": "x{secret}y"}, "d": "{ttl}"}
    filled = json.loads(json.dumps(in_json(template, {"text": text, "secret": secret, "ttl": 5})))
    assert filled == {"a": [text, 1, None], "b": {"c": f"x{secret}y"}, "d": 5}


@settings(max_examples=300)
@given(texts.filter(lambda text: text.isprintable()))
def test_no_value_leads_an_address_elsewhere(text: str) -> None:
    filled = in_address("/sms?to={phone}&text={text}&end", {"phone": PHONE, "text": text})
    assert filled.count("&") == 2
    assert filled.count("?") == 1
    assert "#" not in filled
    form = in_form("a={text}&b={text}", {"text": text})
    assert form.count("&") == 1
    assert form.count("=") == 2
    if len(filled) < 7000:
        assert allowed("http://a/base" + filled, ["http://a/base"])


def test_reprs_hide_what_is_told() -> None:
    account = CASES["kannel"].account("https://sms.test:8443")
    assert repr(account) == "Account(https://sms.test:8443)"
    assert (
        repr(account._replace(address=f"https://u:{SECRET}@a/x?key={SECRET}"))
        == "Account(https://a)"
    )
    assert repr(account._replace(address="")) == "Account()"
    assert repr(OUTGOING) == repr(Outgoing(KEY, "", "", 0))
    assert below(account._replace(address="https://a/v1/"), "/x") == "https://a/v1/x"
