"""What may identify a device that a vendor lists: a number or a short text. Pure."""

import re

_IDENTITY = re.compile(r"[\x21-\x7e]{1,128}")
BIGGEST = 10**18


def read(value: object) -> str:
    """Return a JSON value as an identity label has it; empty for what identifies nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < BIGGEST else ""
    if isinstance(value, str) and _IDENTITY.fullmatch(value):
        return value
    return ""


def normal(text: str) -> str:
    """Return the identity; raise ValueError for a text that is none."""
    if not read(text):
        raise ValueError("no id of a device")
    return text
