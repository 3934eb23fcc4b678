"""What superadmins write in PromQL reads the platform of its job alone, or is not asked."""

import json
import random
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from jobs import raw_promql
from jobs.raw_promql import RawRefused
from tests.jobs.asked_world import hostile
from tests.prometheus_server import PrometheusServer, running_prometheus, tool

MINE = 'platform_id="$platform"'
SEVEN = 'platform_id="7",token_platform=~"|7"'
ALONE = int(time.time()) // 60 * 60 - 7200  # when there was platform 1 alone
TOGETHER = ALONE + 3600


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"m{{{MINE}}} == 0", f"m{{{SEVEN}}} == 0"),
        (
            f'avg_over_time(m{{a="\\"ж\\\\.",{MINE}}}[5m] offset 1d)\n< 0.5',
            f'avg_over_time(m{{a="\\"ж\\\\.",{SEVEN}}}[5m] offset 1d)\n< 0.5',
        ),
        (
            f'm{{platform_id =\n"$platform"}} and n{{a="}} or up",{MINE}}}',
            f'm{{{SEVEN}}} and n{{a="}} or up",{SEVEN}}}',
        ),
        (
            f'label_replace(m{{{MINE}}}, "mac", "$1", "tag", "(.*)")',
            f'label_replace(m{{{SEVEN}}}, "mac", "$1", "tag", "(.*)")',
        ),
        (f"-(m{{{MINE}}}) > 5", f"-(m{{{SEVEN}}}) > 5"),
    ],
)
def test_each_selector_is_limited_to_the_platform_of_the_job(text: str, asked: str) -> None:
    raw_promql.check(text)
    assert raw_promql.asks(text, 7) == (
        f"min by (platform_id,exporter_id,device_id,mac) (\n{asked}\n)"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("m == 0", 'Write platform_id="$platform" between the braces of m{}'),
        (f"m{{{MINE}}} or up", "between the braces of up{}"),
        (f"sum(m{{{MINE}}}) > scalar(n)", "between the braces of n{}"),
        (f"topk(scalar(n), m{{{MINE}}})", "between the braces of n{}"),
        (f"max_over_time(n[5m:1m]) > m{{{MINE}}}", "between the braces of n{}"),
        ('m{platform_id=~"$platform"}', "between the braces"),
        ('m{platform_id!="$platform"}', "between the braces"),
        ('m{platform_id="1"}', "between the braces"),
        ('m{platform_id="$platform2"}', "between the braces"),
        ('m{my_platform_id="$platform"}', "between the braces"),
        ('m{"platform_id"="$platform"}', "between the braces"),
        (f'm{{{MINE},platform_id="2"}}', "between the braces"),
        (f"m{{{MINE},{MINE}}}", "between the braces"),
        (f'm{{{MINE},token_platform="2"}}', "between the braces"),
        (f'm{{{MINE} or a="b"}}', "between the braces"),
        (f'm{{a="b" or {MINE}}}', "between the braces"),
        ("m{platform_id='$platform'}", "in double quotes"),
        ("m{platform_id=`$platform`}", "in double quotes"),
        (f"m{{{MINE}}} # or n", "in double quotes"),
        (f'm{{{MINE},a="\\x22"}}', "in double quotes"),
        (f'm{{{MINE},a="b\nc"}}', "in double quotes"),
        (f"m{{{MINE}}}\x0b", "in double quotes"),
        (f"m{{{MINE}}}\u2028", "in double quotes"),
        (f'm{{{MINE},a="\ufffd"}}', "in double quotes"),
        (f"m{{{MINE}}}) or (n{{{MINE}}}", "This is no PromQL"),
        (f"m{{{MINE}}}[5m]", "This is no PromQL"),
        ("", "This is no PromQL"),
        ("1", "Name a metric"),
        ("vector(time())", "Name a metric"),
        (f"m{{{MINE}}} @ 1700000000", "Leave @ out"),
        (f"max_over_time(m{{{MINE}}}[5m:1m] @ end())", "Leave @ out"),
        (f"info(m{{{MINE}}})", "Leave the function info out"),
        (f'label_replace(m{{{MINE}}}, "platform_id", "2", "", "")', "Leave the label platform_id"),
        (f'count_values("platform_id", m{{{MINE}}})', "Leave the label platform_id"),
        (f"m{{{MINE}}}" + "+1" * 150, "too long"),
        ("(" * 5000, "too long"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(text: str, words: str) -> None:
    with translation.override("en"), pytest.raises(RawRefused) as refused:
        raw_promql.check(text)
    assert words in str(refused.value)


def test_the_longest_text_is_read_in_a_second() -> None:
    began = time.monotonic()
    raw_promql.check("-" * 110 + f"m{{{MINE}}}")
    assert time.monotonic() - began < 5


def texts(seed: int, count: int) -> list[str]:
    """Return expressions of all shapes, most of them damaged as an attacker or a typo would."""
    source = random.Random(seed)
    return [_damaged(source, _expression(source, 0)) for _ in range(count)]


def _expression(source: random.Random, depth: int) -> str:
    if depth > 2 or source.random() < 0.3:
        return _selector(source)
    inner, other = _expression(source, depth + 1), _expression(source, depth + 1)
    shapes = (
        f"({inner})", f"{inner} > {source.choice(['0', '50', '1e3', '-2'])}",
        f"{inner} and {other}", f"{inner} or {other}", f"{inner} unless {other}",
        f"{inner} + on (mac) {other}", f"{inner} / ignoring (a) group_left () {other}",
        f"avg_over_time({_selector(source)}[5m])", f"sum by (mac, exporter_id) ({inner})",
        f"max_over_time(({inner})[10m:1m])", f"abs({inner})", f"topk(99, {inner})",
        f'label_replace({inner}, "mac", "$1", "a", "(.*)")', f"absent({inner})",
        f"({inner}) * scalar({other})", f"count_values(\"v\", {inner})",
    )  # fmt: skip
    return source.choice(shapes)


def _selector(source: random.Random) -> str:
    value = hostile(source).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    value = "".join(mark for mark in value if mark.isprintable())
    tenant = source.choice([MINE] * 12 + ['platform_id =  "$platform"', 'platform_id="2"', ""])
    matchers = [tenant, source.choice([f'a="{value}"', f'a!="{value}"', 'a=~".*"', "", ""])]
    source.shuffle(matchers)
    inside = source.choice([",", ",", ",", ", ", " or "]).join(filter(None, matchers))
    return f"{source.choice(['m', 'n', 'm', 'up'])}{{{inside}}}"


def _damaged(source: random.Random, text: str) -> str:
    pieces = [
        '"',
        "}",
        "{",
        ",",
        " or m",
        "#",
        "'",
        "`",
        "\\",
        "$platform",
        " offset 5m",
        MINE,
        ")",
    ]
    for _ in range(source.choice([0, 0, 1, 1, 2, 3])):
        at = source.randrange(len(text) + 1)
        gone = source.choice([0, 0, 1, 2, 8])
        text = text[:at] + source.choice([*pieces, "", ""]) + text[at + gone :]
    return text


def accepted(candidates: list[str]) -> list[str]:
    """Return those that are not refused; nothing but a refusal may come of the others."""
    found = []
    for text in candidates:
        try:
            raw_promql.check(text)
        except RawRefused:
            continue
        found.append(text)
    return found


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Hold the same samples of platform 1 at two times, at the second beside those of others."""
    folder = tmp_path_factory.mktemp("raw")
    families = {name: [f"# TYPE {name} gauge\n"] for name in ("m", "n", "up")}
    for start in (ALONE, TOGETHER):
        for name, lines in families.items():
            for player in range(4):
                labels = f'platform_id="1",exporter_id="10",mac="M{player}",a="b{player}"'
                for back in range(19, -1, -1):
                    value = (player * 7 + back * 3 + len(name)) % 90
                    lines.append(f"{name}{{{labels}}} {value} {start - 60 * back}\n")
    others = ('platform_id="2"', 'platform_id="1",token_platform="2"', 'b="2"', 'platform_id="12"')
    for name, lines in families.items():
        for number, other in enumerate(others):
            for player in range(4):
                labels = f'{other},exporter_id="10",mac="M{player}",a="b{player}",c="{number}"'
                for back in range(19, -1, -1):
                    lines.append(f"{name}{{{labels}}} {1000 + back} {TOGETHER - 60 * back}\n")
    text = "".join(line for lines in families.values() for line in lines) + "# EOF\n"
    source = folder / "metrics.txt"
    source.write_text(text, encoding="utf-8")
    create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*create, str(source), str(folder / "data")], check=True, timeout=60)
    with running_prometheus(folder, "global: {scrape_interval: 1h}\n") as server:
        yield server


def result(server: PrometheusServer, expression: str, at: int) -> list[Any]:
    """Return labels and values; of an error, that it is one."""
    body = urllib.parse.urlencode({"query": expression, "time": at + 5}).encode()
    try:
        with urllib.request.urlopen(f"{server.url}/api/v1/query", body, timeout=30) as answer:  # noqa: S310 - ours
            found = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        return [json.load(error)["errorType"]]
    return sorted((sorted(each["metric"].items()), each["value"][1]) for each in found)


def leaks(server: PrometheusServer, candidates: list[str]) -> tuple[list[str], int, int]:
    """Return what answers otherwise when others are there, how many were asked, and answered."""
    foreign, asked, answered = [], 0, 0
    for text in accepted(candidates):
        expression = raw_promql.asks(text, 1)
        alone = result(server, expression, ALONE)
        asked, answered = asked + 1, answered + bool(alone)
        if result(server, expression, TOGETHER) != alone:
            foreign.append(text)
    return foreign, asked, answered


def test_no_text_that_is_asked_reads_another_platform(prometheus: PrometheusServer) -> None:
    foreign, asked, answered = leaks(prometheus, texts(20261122, 1200))
    assert foreign == []
    assert asked > 80
    assert answered > 30


def test_the_world_of_this_file_shows_what_a_missing_matcher_lets_through(
    prometheus: PrometheusServer,
) -> None:
    for plain in ("m", 'm{platform_id=~"1|2"}', 'm{platform_id="1"}', 'm{platform_id=~"1.*"}'):
        assert result(prometheus, plain, ALONE) != result(prometheus, plain, TOGETHER)


def test_a_check_that_looks_at_the_first_selector_alone_is_noticed(
    prometheus: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug that this file is there to catch, planted."""
    every = raw_promql._selectors
    monkeypatch.setattr(raw_promql, "_selectors", lambda expression: every(expression)[:1])
    assert leaks(prometheus, texts(20261122, 300))[0]
