"""SMS Gate for Android: a phone as a gateway, by its own server, a private one or the cloud.

The key of a message is its id: the same id again is answered with 409 and not sent again. Its list
of received messages holds previews alone, so that what came in is told by signed webhooks only.
API: https://docs.sms-gate.app/ (sending messages, status tracking, webhooks).
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy

from devices.phones import PhoneFormat
from exporters.kinds.shape import Setting, SettingType, marked as _
from platforms.outbound import Answer

from . import incoming, signatures
from .forwarded import SIGNING_KEY
from .shape import (
    Account,
    Driver,
    Fate,
    GatewayError,
    Heard,
    Outcome,
    Outgoing,
    Reason,
    Report,
    Sent,
    SettingsError,
)
from .wire import Request, asked, below, checking, is_page, judged, number, reason_of, sending

SHORTEST_TTL = 5  # seconds, the least that the gateway takes
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GONE = ("Sent", "Delivered")
_REPORTS = {"sms:sent": "sentAt", "sms:delivered": "deliveredAt", "sms:failed": "failedAt"}


def _ask(account: Account, outgoing: Outgoing) -> Request:
    message: dict[str, Any] = {
        "id": outgoing.key,
        "textMessage": {"text": outgoing.text},
        "phoneNumbers": [number(account, outgoing, PhoneFormat.E164)],
        "ttl": max(SHORTEST_TTL, outgoing.ttl),
        "withDeliveryReport": True,
    }
    if sim := account.settings.get("sim"):
        message["simNumber"] = sim
    if device := account.settings.get("device"):
        message["deviceId"] = device
    # The gateway's own check of numbers refuses those of SIM cards for machines.
    url = below(account, "/messages?skipPhoneValidation=true")
    headers = _authorization(account) | {"Content-Type": "application/json"}
    return Request(url, "POST", headers, json.dumps(message).encode())


def _judge(_account: Account, outgoing: Outgoing, answer: Answer) -> Sent:
    if answer.status == 409:
        return Sent(Outcome.ACCEPTED, Reason.REPEATED, outgoing.key, answer.status)
    sent = judged(answer)
    if sent.outcome is not Outcome.ACCEPTED:
        return sent
    value = _object(answer.body)
    identity = value.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        return Sent(Outcome.UNKNOWN, Reason.ODD_ANSWER, status=answer.status)
    return sent._replace(gateway_id=identity)


def _status(account: Account, key: str) -> Fate:
    try:
        url, headers = below(account, f"/messages/{quote(key, safe='')}"), _authorization(account)
    except SettingsError:
        raise GatewayError(Reason.SETTINGS) from None
    answer = asked(account, Request(url, headers=headers))
    if answer.status == 404 and not is_page(answer.body):
        return Fate.ABSENT
    if answer.status != 200:
        raise GatewayError(reason_of(answer.status))
    value = _object(answer.body)
    if value.get("id") != key:
        raise GatewayError(Reason.ODD_ANSWER)
    return _fate(value)


def _fate(value: Mapping[str, Any]) -> Fate:
    """Read state and history: a message that failed may have failed after it was sent."""
    state, states = value.get("state"), value.get("states")
    history = states if isinstance(states, dict) else {}
    if state in _GONE or any(each in history for each in _GONE):
        return Fate.SENT
    if state in ("Pending", "Processed"):
        return Fate.WAITING
    # Processed: it was with the radio, which may have sent a part of it.
    if state in ("Failed", "Cancelled") and history and "Processed" not in history:
        return Fate.FAILED
    return Fate.UNKNOWN


def _webhook(account: Account, body: bytes, headers: Mapping[str, str], now: datetime) -> Heard:
    signatures.verify(body, headers, account.settings.get("signing_key") or "", now)
    value = incoming.value_of(body)
    payload = value.get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, dict):
        raise GatewayError(Reason.ODD_ANSWER)
    event = incoming.cleaned(value.get("event"), 100)
    if event == "sms:received":
        # Its messageId is made of the content and not unique, and so no id.
        sender = payload.get("sender") or payload.get("phoneNumber")
        message = incoming.received(sender, payload.get("message"), payload.get("receivedAt"))
        return Heard(received=incoming.ordered([message]))
    key = payload.get("messageId")
    if event not in _REPORTS or not isinstance(key, str) or not _ID.fullmatch(key):
        return Heard()
    # A failure can come after the message was sent; its history tells, by `status`.
    fate = Fate.UNKNOWN if event == "sms:failed" else Fate.SENT
    return Heard(reports=(Report(key, fate, incoming.moment(payload.get(_REPORTS[event]))),))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = incoming.value_of(body)
    except GatewayError:
        return {}
    return value if isinstance(value, dict) else {}


def _authorization(account: Account) -> dict[str, str]:
    if not account.secret:
        raise SettingsError(_("secret is not set: enter the password, or a token without a login."))
    login = account.settings.get("login")
    if not login:
        return {"Authorization": f"Bearer {account.secret}"}
    pair = base64.b64encode(f"{login}:{account.secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


DRIVER = Driver(
    name="sms_gate",
    title=gettext_lazy("SMS Gate for Android"),
    send=sending(_ask, _judge),
    check=checking(_ask),
    status=_status,
    webhook=_webhook,
    settings=(
        Setting(
            "login", _("login"), SettingType.TEXT, help=_("Empty: the secret is an access token.")
        ),
        Setting(
            "sim",
            _("SIM card"),
            SettingType.WHOLE,
            help=_("Empty: the one that the phone chooses."),
            limits=(1, 3),
        ),
        Setting(
            "device",
            _("phone"),
            SettingType.TEXT,
            help=_("The ID of the phone. Empty: any of the account."),
        ),
        SIGNING_KEY,
    ),
    deduplicates=True,
    has_ttl=True,
)
