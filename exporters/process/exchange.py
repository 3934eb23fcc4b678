"""What a request asks for and what is answered, as the server and the pages see it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import h11

TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """An answer. `encoding` is what the body is packed with, if it is."""

    code: int
    content_type: str
    body: Sequence[bytes]
    encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page may depend on; `peer` is the address that the request came from."""

    path: str
    accepts_gzip: bool
    authorization: str = field(default="", repr=False)
    peer: str = ""


def asked(request: h11.Request, peer: str) -> Asked:
    """Return what a request asks for."""
    path = request.target.partition(b"?")[0].decode("latin-1")
    accepted = _header(request, b"accept-encoding").lower().split(",")
    return Asked(
        path, any(_is_gzip(coding) for coding in accepted), _header(request, b"authorization"), peer
    )


def text(code: int, said: str, *headers: tuple[str, str]) -> Page:
    """Return a page of one line."""
    return Page(code, TEXT, (f"{said}\n".encode(),), headers=headers)


def _header(request: h11.Request, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for each, value in request.headers if each == name)


def _is_gzip(coding: str) -> bool:
    name, _, quality = coding.partition(";")
    refused = quality.replace(" ", "").rstrip("0").rstrip(".") in ("q=", "q=0")
    return name.strip() in ("gzip", "*") and not refused
