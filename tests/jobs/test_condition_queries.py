"""What Prometheus answers about conditions is what is true, whatever the names in it are."""

import json
import random
import subprocess
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters import promql
from exporters.promql import Expression
from jobs import catalogue, condition_queries as queries
from jobs.catalogue import Metric
from jobs.conditions import Condition, ConditionRefused, Function, Operator
from jobs.verdicts import Verdict
from tests.jobs.asked_world import (
    AT,
    TEMPERATURE,
    Player,
    World,
    hostile,
    prometheus_of,
    world,
)
from tests.prometheus_server import PrometheusServer, tool

SEED = 20261122
OFFLINE = Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0)
METRICS = [
    *(metric for metric in catalogue.metrics().values() if metric.kind in ("", "cubic")),
    catalogue.metrics()["remosa_exporter_addreality_last_online_timestamp_seconds"],
    TEMPERATURE,
]
GROUPS = ([[1]], [[2]], [[1], [2]])


@pytest.fixture(scope="module")
def asked() -> World:
    return world(SEED, 40)


@pytest.fixture(scope="module")
def prometheus(
    asked: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusServer]:
    with prometheus_of(asked, tmp_path_factory.mktemp("asked")) as server:
        yield server


def conditions(count: int) -> list[tuple[Condition, Metric]]:
    source = random.Random(SEED)
    found: list[tuple[Condition, Metric]] = []
    while len(found) < count:
        metric = source.choice(METRICS)
        function = Function.LAST if metric.age else source.choice(list(Function))
        window = 0 if function is Function.LAST else source.choice([300, 600, 900])
        operator = source.choice(list(Operator))
        found.append(
            (
                Condition(
                    metric.name, function, window, operator, _threshold(source, metric, function)
                ),
                metric,
            )
        )
    return found


def _threshold(source: random.Random, metric: Metric, function: Function) -> float:
    if function is Function.AVG:
        return source.choice([0.37, 0.71, 60.01])  # sums of floats differ in their last digit
    if function is Function.CHANGES:
        return source.choice([0.0, 1.0, 4.0, 7.0])
    if metric.age:
        return source.choice([65.0, 600.0, 6065.0])
    return source.choice([0.0, 1.0] if metric.values else [20.0, 80.0, 0.1, -3.0])


def samples(server: PrometheusServer, expression: Expression) -> dict[Player, list[float]]:
    """Return the values by player, by exporter where no player is named."""
    body = urllib.parse.urlencode({"query": expression, "time": AT}).encode()
    with urllib.request.urlopen(f"{server.url}/api/v1/query", body, timeout=30) as answer:  # noqa: S310 - ours
        result = json.load(answer)["data"]["result"]
    values: dict[Player, list[float]] = defaultdict(list)
    for each in result:
        labels = each["metric"]
        player = labels.get("mac", "") or labels.get("device_id", "")
        values[labels["platform_id"], labels["exporter_id"], player].append(float(each["value"][1]))
    return values


def holds(condition: Condition, told: dict[Player, list[float]]) -> set[Player]:
    return {player for player, values in told.items() if any(map(condition.holds, values))}


def wrong_answers(server: PrometheusServer, asked: World, count: int) -> list[str]:
    """Ask about random conditions and compare with what is true; tell what differs."""
    wrong = []
    for number, (condition, metric) in enumerate(conditions(count)):
        groups = GROUPS[number % len(GROUPS)]
        platforms = {platform for group in groups for platform in group}
        told = asked.told(condition, metric, platforms, fresh=False)
        true = samples(server, queries.asks(condition, groups, metric))
        remembered = asked.told(condition, metric, platforms, fresh=False, ended=True)
        if true.keys() != holds(condition, remembered) or not all(
            len(values) == 1 and condition.holds(values[0]) for values in true.values()
        ):
            wrong.append(f"asks: {condition}")
        counted = Counter((platform, exporter) for platform, exporter, _player in told)
        number_of = samples(server, queries.present(condition, groups, metric))
        if {key[:2]: values for key, values in number_of.items()} != {
            key: [float(number)] for key, number in counted.items()
        }:
            wrong.append(f"present: {condition}")
        fresh = asked.told(condition, metric, platforms, fresh=True)
        said = samples(server, queries.values(condition, groups, metric))
        if _judged(condition, metric, said) != _judged(condition, metric, fresh):
            wrong.append(f"values: {condition}")
    return wrong


def _judged(
    condition: Condition, metric: Metric, told: dict[Player, list[float]]
) -> dict[Player, Verdict]:
    judged = {player: condition.judge(values, metric) for player, values in told.items()}
    return {player: verdict for player, verdict in judged.items() if verdict is not Verdict.UNKNOWN}


def test_prometheus_answers_what_is_true(prometheus: PrometheusServer, asked: World) -> None:
    assert wrong_answers(prometheus, asked, 60) == []


def test_a_missing_matcher_of_the_tenant_is_noticed(
    prometheus: PrometheusServer, asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug that this file is there to catch, planted."""
    monkeypatch.setattr(promql, "tenant_matcher", lambda _platforms: 'platform_id!=""')
    assert len(wrong_answers(prometheus, asked, 12)) > 12


def test_a_process_of_one_platform_is_not_believed_about_another(
    prometheus: PrometheusServer, asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promql, "tenant_matcher", promql._numbers)
    assert wrong_answers(prometheus, asked, 12)


def test_chosen_players_are_told_of_and_no_others(
    prometheus: PrometheusServer, asked: World
) -> None:
    told = asked.told(OFFLINE, METRICS[0], {1}, fresh=True)
    every = sorted({player for _platform, exporter, player in told if exporter == "10"})
    chosen = every[::3]
    said = samples(
        prometheus, queries.values(OFFLINE, [[1]], exporters=[10], identities=[*chosen, "nobody"])
    )
    assert {key: sorted(values) for key, values in said.items()} == {
        key: sorted(values) for key, values in told.items() if key[1] == "10" and key[2] in chosen
    }


def test_what_vanished_is_asked_for_by_the_sample_of_now() -> None:
    average = Condition(METRICS[1].name, Function.AVG, 600, Operator.LESS, 0.5)
    mine = METRICS[1].name + '{platform_id="1",token_platform=~"|1"}'
    by = "by (platform_id,exporter_id,mac)"
    assert queries.asks(average, [[1]]) == f"min {by} ((avg_over_time({mine}[600s]) < 0.5))"
    assert f"(avg_over_time({mine}[600s]) and ({mine} and " in queries.values(average, [[1]])
    assert queries.present(average, [[1]]) == (
        f"count by (platform_id,exporter_id) (min {by} ({mine}))"
    )


def test_names_that_are_none_are_refused_and_the_others_are_promql(tmp_path: Path) -> None:
    """Names of metrics and labels come from Prometheus itself, where anybody may have put them."""
    source = random.Random(SEED)
    refused, rules = 0, []
    for number in range(2000):
        metric = catalogue.found(hostile(source), "", source.choice(["mac", hostile(source)]))
        condition, _metric = conditions(1)[0]
        try:
            expression = queries.asks(condition, [[1], [2]], metric)
        except promql.PromqlError:
            refused += 1
        else:
            rules.append({"record": "r", "expr": expression, "labels": {"n": str(number)}})
    assert refused > 1900
    rules += [
        {"record": "r", "expr": make(condition, groups, metric), "labels": {"n": f"{n} {m}"}}
        for n, (condition, metric) in enumerate(conditions(200))
        for m, make in enumerate((queries.asks, queries.present, queries.values))
        for groups in [GROUPS[n % len(GROUPS)]]
    ]
    file = tmp_path / "rules.yml"
    file.write_text(
        json.dumps({"groups": [{"name": "g", "rules": rules}]}, ensure_ascii=False),
        encoding="utf-8",
    )
    command = [tool("promtool"), "check", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr[-2000:]


def test_what_sources_tell_of_themselves_is_added_up_for_each_platform() -> None:
    mine = 'platform_id="1",token_platform=~"|1",state=~"offline|online"'
    assert queries.told([[1]]) == (
        f"sum by (platform_id,exporter_id) (remosa_exporter_source_devices{{{mine}}})"
    )


def test_an_unknown_metric_is_refused() -> None:
    condition = Condition("no_such_metric", Function.LAST, 0, Operator.EQUAL, 0.0)
    with pytest.raises(ConditionRefused):
        queries.asks(condition, [[1]])
