"""The key ring that encrypts secrets at rest, and what a sealed text looks like.

Pure: keys, context and text in; sealed text out. Knows no settings, no rows.

A sealed text is `1$<key id>$<Fernet token>`. The Fernet key is derived (HKDF-SHA256) from a
key of the ring and the context, so a sealed text copied to another context does not open.
The key id, a digest, tells a lost key from a damaged text and shows what is yet to rotate.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERSION = "1"
SHORTEST_KEY = 32  # characters: 192 bits when they are random Base64
_PURPOSE = b"remosa secret 1\0"


class KeyRingError(Exception):
    """The key ring cannot seal or open; `message` says to a person what to do."""

    def __init__(self, code: str, message: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True)
class KeyRing:
    """Keys, newest first: the first seals, all of them open."""

    keys: Sequence[str] = field(repr=False)

    def __post_init__(self) -> None:
        if any(len(key) < SHORTEST_KEY for key in self.keys):
            raise KeyRingError(
                "short_key",
                _("A key in REMOSA_SECRET_KEYS is shorter than 32 characters: make a random one."),
            )

    def seal(self, text: str, context: str) -> str:
        """Encrypt a text with the first key, for this context alone."""
        key = self._first()
        token = _fernet(key, context).encrypt(text.encode()).decode()
        return f"{VERSION}${key_id(key)}${token}"

    def unseal(self, sealed: str, context: str) -> str:
        """Decrypt a text that was sealed for this context by any key of the ring."""
        self._first()
        version, _dollar, rest = sealed.partition("$")
        wanted, _dollar, token = rest.partition("$")
        if version != VERSION or not token:
            raise _damaged()
        key = next((key for key in self.keys if key_id(key) == wanted), None)
        if key is None:
            raise KeyRingError(
                "key_lost",
                _(
                    "The key that encrypted it is not in REMOSA_SECRET_KEYS: "
                    "add that key again at the end of the list, or enter the secret anew."
                ),
            )
        try:
            return _fernet(key, context).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeError) as error:
            raise _damaged() from error

    def is_current(self, sealed: str) -> bool:
        """Tell whether the first key sealed it."""
        return sealed.startswith(f"{VERSION}${key_id(self._first())}$")

    def _first(self) -> str:
        if not self.keys:
            raise KeyRingError(
                "no_keys",
                _("There is no key to encrypt secrets with: set REMOSA_SECRET_KEYS and restart."),
            )
        return self.keys[0]


def key_id(key: str) -> str:
    """Name a key by a digest that tells nothing about it."""
    return hashlib.sha256(b"remosa key id\0" + key.encode()).hexdigest()[:12]


def _fernet(key: str, context: str) -> Fernet:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE + context.encode())
    return Fernet(base64.urlsafe_b64encode(derivation.derive(key.encode())))


def _damaged() -> KeyRingError:
    return KeyRingError(
        "damaged",
        _("It is damaged or was copied from another place: enter the secret anew."),
    )
