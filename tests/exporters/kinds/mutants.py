"""Damaged answers of a vendor, made from good ones with a seed: bytes, tokens, structure."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PIECES: Sequence[bytes] = (
    b"", b"null", b"true", b"false", b"NaN", b"-Infinity", b"1e999", b"-0", b"0", b"1", b"[]",
    b"{}", b'""', b'"online"', b'"pause"', b'"playback"', b'"offline "', b'"OFFLINE"', b'"false"',
    b"9" * 400, b"9" * 5000, b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\\u0000", b"\\ud800",
    b"\\u202e", b"\xe2\x80\xae", b"[" * 3000, b'{"a":' * 3000, b'"' + b"x" * 6000 + b'"', b"<html>",
    b",", b":", b'"', b"\\", b"\n", b"/*", b"'",
)  # fmt: skip
VALUES: Sequence[Any] = (
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "true", "online ", "OnLine", "\u0000",
    "\ud800", "\u202eenilno", "\U0001f600", 'a"b\\c\nd', "x" * 5000, [], {}, ["online"],
    {"status": "online"},
)  # fmt: skip


def mutants(seed: int, originals: Sequence[bytes]) -> Iterator[bytes]:
    """Yield damaged answers for ever, the same ones for a seed."""
    chance = random.Random(seed)
    while True:
        body = chance.choice(originals)
        for _time in range(chance.choice((1, 1, 1, 2, 3))):
            body = chance.choice(WAYS)(chance, body, chance.choice(originals))
        yield body


Way = Callable[[random.Random, bytes, bytes], bytes]


def _flip(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    changed = bytearray(body or b"x")
    for _time in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_off(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _cut_out(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[start + chance.randint(1, 60) :]


def _repeat(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    end = start + chance.randint(1, 80)
    return body[:end] + body[start:end] + body[end:]


def _splice(chance: random.Random, body: bytes, other: bytes) -> bytes:
    start = chance.randrange(len(other) + 1)
    return body[: chance.randrange(len(body) + 1)] + other[start:]


def _insert(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(PIECES) + body[at:]


def _swap_token(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Put a piece in the place of a text."""
    quotes = [at for at, byte in enumerate(body) if byte == 0x22]
    if len(quotes) < 2:
        return body
    first = chance.randrange(len(quotes) - 1)
    return body[: quotes[first]] + chance.choice(PIECES) + body[quotes[first + 1] + 1 :]


def _restructure(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Change a type, rename, repeat, move or nest a part of the tree."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return body
    holders = list(_holders(tree))
    if not holders:
        return json.dumps([tree]).encode()
    holder = chance.choice(holders)
    if isinstance(holder, list):
        _change_list(chance, holder)
    else:
        _change_object(chance, holder)
    return json.dumps(tree).encode()


def _change_list(chance: random.Random, holder: list[Any]) -> None:
    at = chance.randrange(len(holder))
    match chance.randrange(4):
        case 0:
            holder[at] = chance.choice(VALUES)
        case 1:
            holder.append(holder[at])
        case 2:
            holder[at] = [holder[at]]
        case 3:
            del holder[at]


def _change_object(chance: random.Random, holder: dict[str, Any]) -> None:
    key = chance.choice(list(holder))
    match chance.randrange(5):
        case 0:
            holder[key] = chance.choice(VALUES)
        case 1:
            holder[chance.choice((key.upper(), key + " ", "state", "\u0000"))] = holder.pop(key)
        case 2:
            holder[key] = chance.choice(list(holder.values()))
        case 3:
            holder[key] = {key: holder[key]}
        case 4:
            del holder[key]


def _repeat_key(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Write a key twice, with another value."""
    at = body.find(b"{", chance.randrange(len(body) + 1))
    keys = (b"status", b"connection_state", b"id", b"data", b"name")
    pair = b'"' + chance.choice(keys) + b'": ' + chance.choice((b'"online"', b"null", b"7")) + b", "
    return body if at < 0 else body[: at + 1] + pair + body[at + 1 :]


def _holders(tree: Any) -> Iterator[list[Any] | dict[str, Any]]:
    """Yield every list and object that is not empty; each of these trees is shallow."""
    if isinstance(tree, list | dict) and tree:
        yield tree
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _holders(inner)


WAYS: Sequence[Way] = (
    _flip, _cut_off, _cut_out, _repeat, _splice, _insert, _swap_token, _restructure, _repeat_key,
)  # fmt: skip
