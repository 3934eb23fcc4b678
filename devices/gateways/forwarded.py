"""The webhook for gateways that have none of their own: messages that a script forwards, signed.

The messages look as in the inbox of the HTTP gateway, so that both bring one identity.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from exporters.kinds.shape import Setting, SettingType, marked as _

from . import incoming, signatures
from .shape import Account, GatewayError, Heard, Reason, Received

SIGNING_KEY = Setting(
    "signing_key",
    _("signing key"),
    SettingType.SECRET,
    help=_("With it the gateway signs what it sends to the webhook. Empty: there is no webhook."),
)


def webhook(account: Account, body: bytes, headers: Mapping[str, str], now: datetime) -> Heard:
    """Read `{"sms_messages": [...]}`, or one message by itself."""
    signatures.verify(body, headers, account.settings.get("signing_key") or "", now)
    value = incoming.value_of(body)
    if isinstance(value, dict) and "sms_messages" not in value:
        value = {"sms_messages": [value]}
    return Heard(received=messages(value))


def messages(value: Any) -> tuple[Received, ...]:
    """Read `{"sms_messages": [{"from": ..., "message": ..., "timestamp": ...}]}`."""
    listed = value.get("sms_messages") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise GatewayError(Reason.ODD_ANSWER)
    return incoming.ordered(
        incoming.received(each.get("from"), each.get("message"), each.get("timestamp"))
        for each in listed
        if isinstance(each, dict)
    )
