"""Secrets that a vendor sends back: how a server may write them, and texts without them. Pure."""

import base64
import json
from collections.abc import Collection
from urllib.parse import quote, quote_plus

MASK = "••••••"
SHORTEST = 4  # characters; a shorter secret would be found everywhere


def forms(secrets: Collection[str]) -> tuple[str, ...]:
    """Return each way in which a server that echoes the secrets may write them, longest first."""
    found = set()
    for secret in secrets:
        if len(secret) < SHORTEST:
            continue
        in_json = json.dumps(secret)[1:-1]
        in_address = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
        found |= {secret, in_json, in_json.replace("/", "\\/")}  # as PHP writes it
        found |= {form for each in in_address for form in (each, _in_lower_case(each))}
        found.add(base64.b64encode(secret.encode()).decode())
    return tuple(sorted(found, key=len, reverse=True))


def without(text: str, written: Collection[str]) -> str:
    """Return the text with a mask for each of the forms."""
    for form in written:
        if form in text:
            text = text.replace(form, MASK)
    return text


def _in_lower_case(quoted: str) -> str:
    """Write %2F as %2f, and leave the letters between as they are."""
    first, *rest = quoted.split("%")
    return "%".join([first, *(each[:2].lower() + each[2:] for each in rest)])
