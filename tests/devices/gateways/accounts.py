"""Every driver that speaks HTTP, with accounts that take all its roads, and how to read them."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from devices.gateways import DRIVERS, Driver
from devices.gateways.shape import Account, Outgoing

from .far_gateway import Asked, Behaviour, status

SECRET = "canary-5e1f-secret"
LOGIN = "remosa"
PHONE = "+79123456789"
KEY = "0b7a5b1e-6a59-5d0f-9d6e-8a1a5c3a2f10"
OUTGOING = Outgoing(KEY, PHONE, "#07#", 60)
BASIC = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()


@dataclass(frozen=True)
class Case:
    """A driver with an account, what its gateway says of a message, and how it reads one."""

    driver: str
    settings: Mapping[str, Any]
    taken: tuple[int, bytes]
    values: Callable[[Asked], Mapping[str, Any]]
    path: str = ""
    address_path: str = ""

    @property
    def code(self) -> Driver:
        return DRIVERS[self.driver]

    def account(self, address: str) -> Account:
        return Account(address + self.address_path, SECRET, self.settings)

    def behaves(self) -> Behaviour:
        return status(*self.taken)


def _query(asked: Asked) -> dict[str, str]:
    assert asked.body == b""
    pairs = parse_qsl(asked.query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _form(asked: Asked) -> dict[str, str]:
    assert asked.query == ""
    assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
    pairs = parse_qsl(asked.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _json(asked: Asked) -> dict[str, Any]:
    assert asked.headers["content-type"] == "application/json"
    value: dict[str, Any] = json.loads(asked.body)
    return value


def _sms_gate(asked: Asked) -> dict[str, Any]:
    value = _json(asked)
    text, phones = value.pop("textMessage"), value.pop("phoneNumbers")
    assert list(text) == ["text"]
    return {**value, "text": text["text"], "phone": ",".join(phones)}


def _described_json(asked: Asked) -> dict[str, Any]:
    value = _json(asked)
    [recipient] = value.pop("to")
    return {**value, "phone": recipient["number"]}


_TAKEN_BY_PHONE = (202, json.dumps({"id": KEY, "state": "Pending"}).encode())

CASES = {
    "http, form": Case("http", {}, (200, b"OK"), _form, "/send"),
    "http, address": Case("http", {"parameters": "query"}, (200, b"OK"), _query, "/send"),
    "sms_gate, login": Case("sms_gate", {"login": LOGIN}, _TAKEN_BY_PHONE, _sms_gate, "/messages"),
    "sms_gate, token": Case("sms_gate", {"sim": 2}, _TAKEN_BY_PHONE, _sms_gate, "/messages"),
    "kannel": Case(
        "kannel",
        {"login": LOGIN},
        (202, b"0: Accepted for delivery"),
        _query,
        "/cgi-bin/sendsms",
        "/cgi-bin/sendsms",
    ),
    "described, JSON": Case(
        "described",
        {
            "path": "/v1/sms",
            "headers": ["X-Api-Key: {secret}", "Idempotency-Key: {key}"],
            "body": '{"to": [{"number": "{phone}"}], "text": "{text}", "ttl": "{ttl}"}',
            "success_texts": ['"ok"'],
        },
        (200, b'{"status": "ok"}'),
        _described_json,
        "/v1/sms",
    ),
    "described, form": Case(
        "described",
        {
            "path": "/sms",
            "headers": ["Authorization: Bearer {secret}"],
            "body_format": "form",
            "body": "phone={phone}&text={text}",
            "phone_format": "digits",
        },
        (201, b""),
        _form,
        "/sms",
    ),
    "described, address": Case(
        "described",
        {"method": "GET", "path": "?phone={phone}&text={text}&key={secret}"},
        (200, b"sent"),
        _query,
        "/",
    ),
}
