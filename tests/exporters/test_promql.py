"""PromQL from parts, judged by promtool and by a real Prometheus."""

import json
import random
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from exporters.promql import (
    SERIES_OF_REMOSA,
    Containing,
    Expression,
    PromqlError,
    agreed,
    apart,
    compared,
    counts,
    having,
    having_label,
    of_last_scrape,
    selector,
    union,
    within,
)
from tests.prometheus_server import PrometheusServer, running_prometheus, tool

STATUS = "remosa_exporter_cubic_device_status"
INFO = "remosa_exporter_cubic_device_info"
SAMPLED_AT = int(time.time()) // 30 * 30 - 60  # when the back-filled samples stand
STATES = [
    f'status{{mac="{mac}",platform_id="{platform}"}} {value} {SAMPLED_AT}'
    for platform, mac, value in [(1, "a", 1), (1, "b", 1), (1, "c", 0), (2, "d", 0), (3, "e", 0)]
]

_MARKS = "\\\"'`{}()[]|.*+?^$,=~!#%&/:;<>@- \t\n\r\x01\x07\x1b\x7f\u00e9\u0436\u2028\u0301\u202eab1"
_WORDS = ["\U0001f600", "\ufffd", "\\n", "\\E", "\\Q", ".*", '"} or up{a="', "(?i)", "\\x00", "%s"]


def hostile_values(count: int) -> list[str]:
    source = random.Random(20261101)
    pool = [*_MARKS, *_WORDS]
    values: set[str] = set()
    while len(values) < count:
        values.add("".join(source.choices(pool, k=source.randint(1, 12))))
    return sorted(values)


VALUES = hostile_values(10_000)


def test_a_selector_names_the_metric_the_platforms_and_the_matchers() -> None:
    assert selector(STATUS, [1]) == STATUS + '{platform_id="1",token_platform=~"|1"}'
    assert selector(STATUS, {2, 10, 1}) == STATUS + '{platform_id=~"1|2|10",token_platform=""}'
    assert (
        selector(STATUS, [1], mac="06:42:40:92:60:B4", exporter_id=["4", "5"])
        == STATUS
        + '{platform_id="1",token_platform=~"|1",exporter_id=~"4|5",mac="06:42:40:92:60:B4"}'
    )


def test_several_metrics_are_one_selector() -> None:
    assert (
        selector([STATUS, INFO], [1], mac=["A", "B"])
        == f'{{__name__=~"{INFO}|{STATUS}",platform_id="1",token_platform=~"|1",mac=~"A|B"}}'
    )


@pytest.mark.parametrize(
    ("wanted", "limited", "groups"),
    [
        ([], [1], []),
        ([1], [], [[1]]),
        ([1], [1], [[1]]),
        ([3, 1, 2, 1], [], [[1, 2, 3]]),
        ([3, 1, 2], [2, 9], [[1, 3], [2]]),
        ([10, 9], [9, 10], [[9], [10]]),
    ],
)
def test_a_platform_with_a_process_of_its_own_is_a_group_by_itself(
    wanted: list[int], limited: list[int], groups: list[list[int]]
) -> None:
    assert apart(wanted, limited) == groups


def test_many_expressions_are_joined_by_halves() -> None:
    one, nine = Expression("a"), [Expression(letter) for letter in "abcdefghi"]
    assert union(*[one] * 8) == " or ".join("a" * 8)
    assert union(*nine) == "(a or b or c or d) or (e or f or g or h or i)"


def test_a_search_is_a_literal_part_of_the_label() -> None:
    assert selector(INFO, [1], name=Containing("a.b")) == (
        INFO + '{platform_id="1",token_platform=~"|1",name=~"(?is).*a\\\\.b.*"}'
    )


def test_the_queries_of_the_device_page() -> None:
    mine = '{platform_id="1",token_platform=~"|1"}'
    status = selector(STATUS, [1])
    assert having(status, 0) == f"{STATUS}{mine} == 0"
    assert counts(status, "platform_id") == (
        f'count_values by (platform_id) ("value", {STATUS}{mine})'
    )
    assert union(status, selector("x", [1])) == f"{STATUS}{mine} or x{mine}"


@pytest.mark.parametrize("platform_ids", [[], set(), ["1"], [0], [-1], [True], [1, None], "12"])
def test_it_refuses_anything_but_platform_ids(platform_ids: Collection[int]) -> None:
    with pytest.raises(PromqlError):
        selector(STATUS, platform_ids)


@pytest.mark.parametrize("wanted", ["", [], ["a", ""], Containing("")])
def test_it_refuses_a_matcher_that_would_match_a_missing_label(
    wanted: str | list[str] | Containing,
) -> None:
    with pytest.raises(PromqlError):
        selector(STATUS, [1], mac=wanted)


@pytest.mark.parametrize(
    "label", ["platform_id", "token_platform", "__name__", "a b", 'a"', "\u0430", "", "1a", "a\n"]
)
def test_it_refuses_a_label_that_could_replace_the_tenant(label: str) -> None:
    with pytest.raises(PromqlError):
        selector(STATUS, [1], **{label: "2"})


@pytest.mark.parametrize("metric", ["", "a b", 'a{x="1"} or b', "a\n", "\u0430", []])
def test_it_refuses_what_is_no_metric_name(metric: str | list[str]) -> None:
    with pytest.raises(PromqlError):
        selector(metric, [1])


@given(st.text(st.characters(), min_size=1))
def test_any_text_stays_inside_its_quotes(text: str) -> None:
    expression = selector(STATUS, [7], mac=text)
    before = STATUS + '{platform_id="7",token_platform=~"|7",mac="'
    inside = expression.removeprefix(before).removesuffix('"}')
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")
    assert expression.isprintable() or not text.isascii()
    expression.encode("utf-8")


def test_promtool_reads_10_000_hostile_values(tmp_path: Path) -> None:
    """Each value stands in an equality, in a search and, by the hundred, in an alternation."""
    values = [*VALUES, "\x00", "a\x00b", "\ud800"]
    expressions = [selector(STATUS, [1], mac=value) for value in values]
    expressions += [selector(STATUS, [1], name=Containing(value)) for value in values]
    expressions += [
        selector(STATUS, [1], mac=values[at : at + 100]) for at in range(0, 10_000, 100)
    ]
    expressions += [
        selector([STATUS, INFO], [1, 2]),
        counts(selector(STATUS, [1]), "platform_id", "exporter_id"),
        having(agreed(of_last_scrape(selector(STATUS, [1]), ["cubic"]), "platform_id", "mac"), 0),
        SERIES_OF_REMOSA,
    ]
    rules = [
        {"record": "r", "expr": expression, "labels": {"n": str(number)}}
        for number, expression in enumerate(expressions)
    ]
    rules_file = tmp_path / "rules.yml"
    groups = {"groups": [{"name": "g", "rules": rules}]}
    rules_file.write_text(json.dumps(groups, ensure_ascii=False), encoding="utf-8")
    checked = subprocess.run(
        [tool("promtool"), "check", "rules", str(rules_file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]
    assert f"SUCCESS: {len(expressions)} rules found" in checked.stdout


@pytest.fixture(scope="module")
def hostile_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Hold one series a hostile value, numbered by its value, beside a twin of platform 2."""
    folder = tmp_path_factory.mktemp("hostile")
    at = SAMPLED_AT
    lines = ["# TYPE status gauge", *STATES, "# TYPE m gauge"]
    for number, value in enumerate(VALUES):
        written = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'm{{platform_id="1",mac="{written}"}} {number} {at}')
        lines.append(f'm{{platform_id="2",mac="{written}"}} -1 {at}')
    source = folder / "metrics.txt"
    source.write_text("\n".join([*lines, "# EOF\n"]), encoding="utf-8", newline="\n")
    create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*create, str(source), str(folder / "data")], check=True, timeout=120)
    with running_prometheus(folder, "global: {scrape_interval: 1h}\n") as server:
        yield server


def numbers(server: PrometheusServer, expression: Expression) -> list[int]:
    return sorted(int(sample["value"][1]) for sample in samples(server, expression))


def samples(server: PrometheusServer, expression: Expression) -> list[dict[str, Any]]:
    body = urllib.parse.urlencode({"query": expression, "time": SAMPLED_AT + 5})
    address = f"{server.url}/api/v1/query"
    with urllib.request.urlopen(address, body.encode(), timeout=30) as answer:  # noqa: S310 - ours
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


def test_an_alternation_of_hostile_values_selects_them_and_no_other(
    hostile_prometheus: PrometheusServer,
) -> None:
    for at in range(0, len(VALUES), 500):
        expression = selector("m", [1], mac=VALUES[at : at + 500])
        assert numbers(hostile_prometheus, expression) == list(range(at, at + 500))


def test_an_equality_with_a_hostile_value_selects_it_and_no_other(
    hostile_prometheus: PrometheusServer,
) -> None:
    for at in range(0, len(VALUES), 500):
        block = VALUES[at : at + 500]
        expression = union(*(selector("m", [1], mac=value) for value in block))
        assert numbers(hostile_prometheus, expression) == list(range(at, at + 500))


def test_a_search_for_a_hostile_value_finds_what_contains_it(
    hostile_prometheus: PrometheusServer,
) -> None:
    for value in VALUES[::250]:
        found = numbers(hostile_prometheus, selector("m", [1], mac=Containing(value)))
        assert set(found) >= {n for n, other in enumerate(VALUES) if value in other}
        assert all(value.casefold() in VALUES[number].casefold() for number in found)


def test_no_hostile_value_reaches_another_platform(hostile_prometheus: PrometheusServer) -> None:
    assert numbers(hostile_prometheus, selector("m", [2], mac=VALUES[:500])) == [-1] * 500
    assert numbers(hostile_prometheus, selector("m", [3], mac=VALUES[:500])) == []


def test_counts_tell_online_and_offline_per_platform(hostile_prometheus: PrometheusServer) -> None:
    rows = samples(hostile_prometheus, counts(selector("status", [1, 2]), "platform_id"))
    found = {
        (row["metric"]["platform_id"], row["metric"]["value"], row["value"][1]) for row in rows
    }
    assert found == {("1", "1", "2"), ("1", "0", "1"), ("2", "0", "1")}


def test_samples_of_late_are_chosen_by_the_selector_of_the_tenant() -> None:
    chosen = within(selector("up_of_it", [7], mac="A"), 270)
    assert chosen == 'up_of_it{platform_id="7",token_platform=~"|7",mac="A"}[270s]'


def test_values_are_compared_with_numbers_alone() -> None:
    up = selector("m", [7])
    assert compared(up, "<=", -0.1) == f"({up} <= -0.1)"
    assert compared(up, ">", 1e16) == f"({up} > 1e+16)"
    for threshold in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(PromqlError):
            compared(up, ">", threshold)
    with pytest.raises(PromqlError):
        compared(up, "or up", 1)  # type: ignore[arg-type]


def test_names_are_read_of_processes_that_speak_for_all_platforms() -> None:
    mine = 'platform_id=~"1|2",token_platform=""'
    assert having_label("mac", [2, 1], "cubic") == f'{{mac!="",kind="cubic",{mine}}}'
    assert having_label("mac", [1], "") == '{mac!="",kind="",platform_id="1",token_platform=""}'
    with pytest.raises(PromqlError):
        having_label("mac", [], "cubic")
    with pytest.raises(PromqlError):
        having_label('mac!=""} or up{a', [1], "cubic")
