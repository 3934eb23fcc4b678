"""Signed webhooks: HMAC-SHA256 over body and time, as SMS Gate for Android signs them.

Pure: time comes as an argument. Without a key nothing is believed.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from platforms.signatures import signed

from .shape import GatewayError, Reason

__all__ = ["LARGEST", "TOLERANCE", "signed", "verify"]

TOLERANCE = 300  # seconds between the clocks, and in which a call could be repeated by a listener
LARGEST = 256 * 1024  # bytes
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def verify(body: bytes, headers: Mapping[str, str], key: str, now: datetime) -> None:
    """Raise GatewayError unless `X-Signature` is that of body and `X-Timestamp` by this key."""
    if len(body) > LARGEST:
        raise GatewayError(Reason.TOO_LARGE)
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get("x-timestamp", ""), given.get("x-signature", "")
    timely = _TIMESTAMP.fullmatch(timestamp) and abs(now.timestamp() - int(timestamp)) <= TOLERANCE
    genuine = hmac.compare_digest(
        signed(body, timestamp, key).encode(), signature.strip().lower().encode("utf-8", "replace")
    )
    if not key or not timely or not genuine:
        raise GatewayError(Reason.SIGNATURE)
