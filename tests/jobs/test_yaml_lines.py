"""Plain YAML: what is read, what is refused and on which line; nothing guesses or explodes."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import example, given, strategies as some

from jobs import yaml_lines
from jobs.yaml_lines import Node, YamlRefused


def plain(node: Node) -> Any:
    """Return what a node holds, without its lines."""
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    return [plain(each) for each in node.value] if isinstance(node.value, list) else node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: true", True),
        ("a: yes", "yes"),
        ("a: No", "No"),
        ("a: 10:30", "10:30"),
        ("a: 16:42:40:52:50:59", "16:42:40:52:50:59"),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: 0x10", "0x10"),
        ("a: 010", "010"),
        ("a: 1_000", "1_000"),
        ("a: .inf", ".inf"),
        ("a: '7'", "7"),
        ("a: 7", 7),
        ("a: -7.5", -7.5),
        ("a: 1e3", 1000.0),
        ("a:", None),
        ("a: null", None),
        ("a: =", "="),
        ("a: {<<: 1}", {"<<": 1}),
        ("a: |\n  one\n  two\n", "one\ntwo\n"),
        ("a: [1, [x]]", [1, ["x"]]),
        ("a: Зал №1", "Зал №1"),
    ],
)
def test_a_value_is_what_was_written(text: str, value: Any) -> None:
    assert plain(yaml_lines.read(text)) == {"a": value}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: 1\nb: &x 2\n", 2, "Anchors"),
        ("a: 1\nb: *x\n", 2, "Anchors"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "Tags"),
        ("a: !!str 1", 1, "Tags"),
        ("a: !own 1", 1, "Tags"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands on line 1"),
        ("a: 1\n---\nb: 2\n", 2, "more than one document"),
        ("a: [1, 2\nb: 3\n", 2, "no YAML"),
        ("a: 1\n\tb: 2\n", 2, "no YAML"),
        ("? [a]\n: 1\n", 1, "plain text"),
        ("a: \x00", 1, "no text"),
        ("a: \ud800", 1, "no text"),
        ('a: "\\0"', 1, "NUL"),
        ("a:\n" + "- - - - - - - - - x\n", 2, "too deeply"),
        ("a: " + "x" * 20_001, 1, "too long"),
        ("x" * 2_000_001, 1, "too long"),
    ],
)
def test_what_is_not_plain_is_refused_on_its_line(text: str, line: int, word: str) -> None:
    with pytest.raises(YamlRefused, match=word) as refused:
        yaml_lines.read(text)
    assert refused.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "{" * 1_000_000,
        "- " * 900_000,
        "[" + "a, " * 600_000 + "]",
        "a: &a [x]\n" + "".join(f"b{at}: [*a, *a]\n" for at in range(50_000)),
        "? " * 900_000,
        "'" * 1_999_999,
        "%YAML 1.1\n" * 190_000,
        "a: 'x\n" + "\n" * 1_900_000,
    ],
    ids=lambda text: text[:8].encode().hex(),
)
def test_a_bomb_goes_out_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(YamlRefused):
        yaml_lines.read(text)
    assert time.process_time() - began < 5


LETTERS = some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**15), 10**15) | LETTERS,
    lambda inside: some.lists(inside, max_size=3) | some.dictionaries(LETTERS, inside, max_size=3),
    max_leaves=8,
)


def depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inside), default=0)


@given(value=some.dictionaries(LETTERS, VALUES, max_size=4))
@example(value={"name": "1e3", "0E0": ["7", "-0.5", "true", "~", "", "yes", "10:30"]})
@example(value={"text": "one\n two\n\n", "blank": " \n", "last": "a\n\nb"})
def test_what_yaml_writes_is_read_as_it_was(value: dict[str, Any]) -> None:
    if depth(value) <= yaml_lines.DEEPEST:
        assert plain(yaml_lines.read(yaml_lines.write(value))) == value


@given(text=some.text(some.sampled_from("ab:-?[]{}&*!|>'\"%@`#,\n \t0\\"), max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlRefused):
        assert yaml_lines.read(text).line >= 1
