"""What a page shows and takes back: packed, signed, and of use to one person and row alone.

In the page and not in a table: nothing is left behind, and every web process can open it.
"""

from typing import Any

from django.core import signing
from django.db import models

from platforms.models import User

KEPT_SECONDS = 2 * 3600


class BrokenSealError(Exception):
    """The text is not what this page gave this person for this row, or it is too old."""


def seal(purpose: str, person: User, row: models.Model, payload: Any) -> str:
    """Pack JSON values into a text; 100,000 lines with names become some 2 MB."""
    return signing.dumps(payload, salt=_salt(purpose, person, row), compress=True)


def unseal(purpose: str, person: User, row: models.Model, text: str) -> Any:
    """Return what was sealed, or raise BrokenSealError."""
    try:
        return signing.loads(text, salt=_salt(purpose, person, row), max_age=KEPT_SECONDS)
    except signing.BadSignature as error:
        raise BrokenSealError from error


def _salt(purpose: str, person: User, row: models.Model) -> str:
    return f"{row._meta.label_lower}.{purpose}.{person.pk}.{row.pk}"
