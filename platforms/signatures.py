"""The signature of webhooks that come and that go: HMAC-SHA256 over body and time.

As SMS Gate for Android signs them. Pure: time comes as an argument.
"""

import hashlib
import hmac


def signed(body: bytes, timestamp: str, key: str) -> str:
    """Return the signature, in hexadecimal."""
    message = body + timestamp.encode("utf-8", "replace")
    return hmac.new(key.encode("utf-8", "replace"), message, hashlib.sha256).hexdigest()
