"""JSONPath as far as it is cheap: what is taken, what is refused, what is found."""

import json
import time

import pytest

from exporters.kinds.json_paths import NO_PATH, TOO_COSTLY, Path, PathError, TooDeepError

DOCUMENT = {"data": [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": []}], "total": 2}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.data[*].id", [1, 2]),
        ("$..id", [1, 2]),
        ("$['total']", [2]),
        ("$.data[?@.id == 2].id", [2]),
        ("$.data[?@.id > 0 && !@.name].id", [1, 2]),
        ("$.data[-1:].id", [2]),
        ("$.nothing.at.all", []),
    ],
)
def test_it_follows_a_path(text: str, found: list[int]) -> None:
    assert Path(text).all(DOCUMENT) == found


@pytest.mark.parametrize("text", ["", "data", "$.", "$[", "$.data[?]", "$" + ".a" * 200, "$.\x00"])
def test_a_text_that_is_no_path_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PathError) as refusal:
        Path(text)
    assert str(refusal.value) == NO_PATH


@pytest.mark.parametrize(
    "text",
    [
        "$[*,*][*,*][*,*]",
        "$..a..b",
        "$.data[?search(@.name, '(a+)+$')]",
        "$.data[?match(@.name, '(a|a)*')]",
        "$.data[?length(@.name) > 1]",
        "$.data[?@..id]",
        "$.data[?$.data[0].id == @.id]",
        "$.data[?@.tags[?@ == 'a']]",
        "$..[?@ == @]",
        "$..[?@.a == @.b]",
        "$.data[?@.next < 'https://vendor/?key=a']",
        "$.data[?'b' >= @.next]",
        "$" + ".a" * 21,
    ],
)
def test_a_path_that_could_stop_the_process_is_refused(text: str) -> None:
    with pytest.raises(PathError) as refusal:
        Path(text)
    assert str(refusal.value) == TOO_COSTLY


def test_one_value_is_one_and_neither_none_nor_the_first_of_several() -> None:
    assert Path("$.total").one(DOCUMENT) == 2
    assert Path("$.data[*].id").one(DOCUMENT) is None
    assert Path("$.nothing").one(DOCUMENT) is None


@pytest.mark.parametrize(
    ("text", "there"),
    [("$.data[*]", True), ("$.gone[*]", False), ("$.total[*]", False), ("$[?@.a == 1]", True)],
)
def test_an_empty_place_is_told_from_none(text: str, there: bool) -> None:
    assert Path(text).has_place({**DOCUMENT, "data": []}) is there


def test_a_document_nested_as_deep_as_json_may_be_ends_nothing() -> None:
    nested = json.loads("[" * 900 + "]" * 900)
    with pytest.raises(TooDeepError):
        Path("$..id").all(nested)
    with pytest.raises(TooDeepError):
        Path("$..id[*]").has_place(nested)
    assert Path("$..id").one(nested) is None


def test_the_dearest_path_takes_time_in_proportion_to_the_document() -> None:
    def seconds(size: int) -> float:
        document = {"data": [{"id": number, "tags": ["a"] * 5} for number in range(size)]}
        started = time.process_time()
        Path("$..[?@.id == 1]").all(document)
        return time.process_time() - started

    assert seconds(20_000) < 40 * max(seconds(2_000), 0.002)
