"""Who may read the pages: bearer of a token, or a name with a password. Runs on the server's loop.

A right password is hashed once and then remembered; wrong ones are hashed on one thread of their
own that rests after each, so that guessing takes a share of a core and holds up nobody.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import bcrypt

from exporters.process.exchange import Asked, Page, text

OPEN = ("/-/healthy", "/-/ready")  # Docker's HEALTHCHECK has no password
REMEMBERED = 128  # right and wrong ones apart: guesses must not push out what is right
WAITING, WAITING_OF_ONE_PEER = 16, 4  # passwords to be hashed
CHECKED_WITHIN = 5.0  # seconds
REST = 3  # times as long as the hash of a wrong password took
LONGEST_PASSWORD = 72  # bytes; bcrypt knows no more of it
REALM = 'Basic realm="Remosa exporter", charset="UTF-8"'


class Busy(Exception):
    """Too many unknown passwords are being hashed already."""


class Guard:
    """Lets requests in, or says what they lack."""

    def __init__(self) -> None:
        self._users: Mapping[str, bytes] = {}
        self._token = b""
        self._decoy = b""
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._checking: dict[bytes, asyncio.Future[bool]] = {}
        self._peers: Counter[str] = Counter()
        self._thread = ThreadPoolExecutor(1, "passwords")

    def change(self, users: Mapping[str, bytes], token: str) -> None:
        """Take over names with bcrypt hashes, and a token; with neither everybody may read."""
        self._users = users
        self._token = _digest(token.encode()) if token else b""
        cost = max((int(hashed[4:6]) for hashed in users.values()), default=4)
        # Whoever has no name here waits as long as who has: names cannot be told by the clock.
        self._decoy = b"$2b$%02d$" % cost + b"." * 53

    @property
    def is_open(self) -> bool:
        """Tell whether everybody may read."""
        return not (self._users or self._token)

    @property
    def told(self) -> str:
        """Return for a person who may read."""
        ways = ["a name and its password"] if self._users else []
        ways += ["the bearer of METRICS_TOKEN"] if self._token else []
        return " or ".join(ways) or "everybody who reaches this port"

    async def refusal(self, asked: Asked) -> Page | None:
        """Return what a request gets that may not read on; None: it may."""
        if asked.path in OPEN or self.is_open:
            return None
        scheme, _, proof = asked.authorization.partition(" ")
        if scheme.lower() == "bearer" and self._is_token(proof.strip()):
            return None
        if scheme.lower() == "basic" and self._users:
            try:
                if await self._is_right(proof.strip(), asked.peer):
                    return None
            except (Busy, TimeoutError):
                return text(503, "Too many passwords are being checked.", ("Retry-After", "5"))
        wanted = [REALM] * bool(self._users) + ["Bearer"] * bool(self._token)
        ways = [("WWW-Authenticate", way) for way in wanted]
        return text(401, f"This is for {self.told}.", *ways)

    def _is_token(self, proof: str) -> bool:
        given = _digest(proof.encode("latin-1"))
        return bool(self._token) and hmac.compare_digest(given, self._token)

    async def _is_right(self, proof: str, peer: str) -> bool:
        """Tell whether name and password fit. Raises Busy, TimeoutError."""
        try:
            name, colon, password = base64.b64decode(proof, validate=True).partition(b":")
            user = name.decode()
        except (binascii.Error, ValueError):
            return False
        if not colon:
            return False
        known = self._users.get(user)
        hashed = known or self._decoy
        # With the hash in it: a password that was changed is an unknown one.
        key = hmac.digest(self._key, b"\0".join((_digest(name), hashed, password)), "sha256")
        if key in self._right:
            self._right.move_to_end(key)
            return True
        if key in self._wrong:
            return False
        checking = self._checking.get(key)
        if checking is None:
            checking = self._begin(key, peer, password, hashed, known is not None)
        async with asyncio.timeout(CHECKED_WITHIN):
            return await asyncio.shield(checking)

    def _begin(
        self, key: bytes, peer: str, password: bytes, hashed: bytes, is_known: bool
    ) -> "asyncio.Future[bool]":
        if len(self._checking) >= WAITING or self._peers[peer] >= WAITING_OF_ONE_PEER:
            raise Busy
        checking = asyncio.get_running_loop().run_in_executor(
            self._thread, _check, password, hashed, is_known
        )
        self._checking[key] = checking
        self._peers[peer] += 1
        checking.add_done_callback(partial(self._end, key, peer))
        return checking

    def _end(self, key: bytes, peer: str, checked: "asyncio.Future[bool]") -> None:
        del self._checking[key]
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]
        if not checked.cancelled() and checked.exception() is None:
            kept = self._right if checked.result() else self._wrong
            kept[key] = None
            if len(kept) > REMEMBERED:
                kept.popitem(last=False)


def _check(password: bytes, hashed: bytes, is_known: bool) -> bool:
    """Hash a password; where it is wrong, rest. Without the interpreter's lock, as bcrypt does."""
    started = time.monotonic()
    fits = bcrypt.checkpw(password[:LONGEST_PASSWORD], hashed) and is_known
    if not fits:
        time.sleep(REST * (time.monotonic() - started))
    return fits


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
