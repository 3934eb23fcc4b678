"""What a person was shown and agrees to by one button: signed, and of use to that person alone.

In the page and not in a table: nothing is left behind. Passwords of sockets are encrypted in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.core import signing

from devices.templates import Template
from platforms.keyring import KeyRingError
from platforms.models import User
from platforms.secrets import key_ring

KEPT_SECONDS = 2 * 3600
__all__ = ["Agreed", "KeyRingError", "UnreadableError", "seal", "unseal"]


class UnreadableError(Exception):
    """The text is not what a page gave this person, it is too old, or of another template now."""


@dataclass(frozen=True, repr=False)
class Agreed:
    """A command as it was shown: to which sockets, which template, with which values."""

    devices: tuple[int, ...]
    template: int
    values: Mapping[str, str]
    page: UUID  # of the page on which it was asked for

    def key(self, shape: Template) -> UUID:
        """Return the key of the wish: the same page with the same values is the same wish.

        Without passwords, which a stored digest of four digits would give away.
        """
        plain = sorted(self.plain(shape).items())
        return uuid5(self.page, json.dumps([self.devices, self.template, plain]))

    def plain(self, shape: Template) -> dict[str, str]:
        """Return the values without passwords."""
        secret = {each.name for each in shape.parameters if each.secret}
        return {name: text for name, text in self.values.items() if name not in secret}


def seal(person: User, shape: Template, agreed: Agreed) -> str:
    """Pack it into a text; raise KeyRingError where a password cannot be encrypted."""
    plain = agreed.plain(shape)
    secret = {name: text for name, text in agreed.values.items() if name not in plain}
    payload = {
        "devices": agreed.devices,
        "template": agreed.template,
        "values": plain,
        "secret": key_ring().seal(json.dumps(secret), _salt(person)) if secret else "",
        "page": str(agreed.page),
        "made_of": _made_of(shape),
    }
    return signing.dumps(payload, salt=_salt(person), compress=True)


def unseal(person: User, shape: Template, text: str) -> Agreed:
    """Return what was sealed; raise UnreadableError, also for a template rewritten since."""
    try:
        payload: dict[str, Any] = signing.loads(text, salt=_salt(person), max_age=KEPT_SECONDS)
        secret = payload["secret"]
        hidden = json.loads(key_ring().unseal(secret, _salt(person))) if secret else {}
    except (signing.BadSignature, KeyRingError) as error:
        raise UnreadableError from error
    if payload.get("made_of") != _made_of(shape):
        raise UnreadableError
    return Agreed(
        tuple(payload["devices"]),
        payload["template"],
        {**payload["values"], **hidden},
        UUID(payload["page"]),
    )


def _made_of(shape: Template) -> str:
    """Return a digest of what a template sends and of what that may do."""
    secret = [each.name for each in shape.parameters if each.secret]
    told = (shape.steps, shape.danger, shape.lines, shape.self_restoring, secret)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _salt(person: User) -> str:
    return f"devices.agreed.{person.pk}"
