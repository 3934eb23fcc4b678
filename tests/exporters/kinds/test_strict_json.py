"""Two readers of one strictness: of a whole value, and of a list entry by entry."""

import json

import pytest
from hypothesis import given, strategies

from exporters.kinds.strict_json import MalformedError, entries, read

VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
)


@given(strategies.lists(VALUES), strategies.sampled_from([None, 1]))
def test_a_list_read_entry_by_entry_is_the_list(value: list[object], indent: int | None) -> None:
    body = json.dumps(value, indent=indent).encode()
    assert list(entries(body)) == read(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1]]",
        b"[1] x",
        b"1",
        b"[NaN]",
        b'[{"a": 1, "a": 2}]',
        b'["\xff"]',
        b"[" * 100_000,
        b"[" + b"1" * 5000 + b"]",
        b"\xef\xbb[1]",
    ],
)
def test_what_is_doubtful_as_a_whole_is_doubtful_entry_by_entry(body: bytes) -> None:
    with pytest.raises(MalformedError):
        list(entries(body))
    if body != b"1":  # sound, but no list
        with pytest.raises(MalformedError):
            read(body)


def test_a_byte_order_mark_and_space_do_no_harm() -> None:
    assert list(entries(b"\xef\xbb\xbf \r\n[ 1 ,\t2 ] \n")) == [1, 2]
    assert list(entries(b" [ ] ")) == []
