"""`run_addreality_exporter` as a process: what it serves, tells, and keeps to itself."""

import json
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.exporters.kinds.mutants import mutants
from tests.exporters.kinds.test_mutated_answers import (
    ADDREALITY_ANSWERS,
    CUBIC_ANSWERS,
    SEED,
    says_offline,
)
from tests.exporters.process import web
from tests.exporters.process.addreality_web import (
    OTHER_TOKEN,
    TOKEN,
    AddReality,
    device,
    devices,
    page,
)
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.test_prometheus_scrapes import ask, until
from tests.exporters.process.web import Handler, Remosa, Web, mac
from tests.prometheus_server import PrometheusServer

ONE, OTHER = {"api_token": TOKEN}, {"api_token": OTHER_TOKEN}
DEVICE_FAMILIES = (
    "device_status", "device_info", "player_status", "last_online_timestamp_seconds",
)  # fmt: skip
STATUS = "remosa_exporter_addreality_device_status"
INFO = "remosa_exporter_addreality_device_info"
CACHE = ".remosa/addreality_exporter.sqlite3"
NAMES = [
    'quo"te', "back\\slash", "two\nlines", "NUL \u0000.", "\u202eright to left", "x" * 5000,
    "emoji \U0001f600", "lone \ud800", "", " ", "{}#", "\u2028", "ММ Зауролоф LED",
]  # fmt: skip


def check_metrics(promtool: str, text: str) -> str:
    """Return what promtool finds; nothing when all is well."""
    found = subprocess.run(
        [promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    return (found.stdout + found.stderr).decode() + ("" if found.returncode == 0 else "failed")


def test_273_devices_give_1092_samples_of_devices_and_no_token_shows(
    listing: RunExporter, addreality: AddReality, remosa: Remosa, promtool: str, tmp_path: Path
) -> None:
    addreality.accounts[TOKEN] = devices(273)
    remosa.set_accounts({7: ONE})
    with listing(DEBUG_MODE="1", LOG_LEVEL="debug") as process:
        process.until(lambda: len(process.statuses()) == 273)
        counts = {
            family: len(process.samples(f"remosa_exporter_addreality_{family}"))
            for family in DEVICE_FAMILIES
        }
        assert counts == dict.fromkeys(DEVICE_FAMILIES, 273)
        lines = [line for line in process.text().splitlines() if not line.startswith("#")]
        assert len(lines) > 1100
        assert check_metrics(promtool, process.text()) == ""
        process.until(lambda: "asked for the devices from 0 on" in process.log)
        proc = Path(f"/proc/{process.process.pid}")
        shown = [
            process.log,
            process.get("/")[1],
            process.text(),
            (proc / "cmdline").read_text(),
            (proc / "environ").read_text(),
        ]
        assert not [text for text in shown if TOKEN in text]
        process.stop()
        assert TOKEN not in process.log
    assert (tmp_path / CACHE).stat().st_mode & 0o777 == 0o600


def test_a_restart_without_a_network_serves_infos_of_the_cache_and_no_status(
    listing: RunExporter,
    addreality: AddReality,
    addreality_web: Web,
    remosa: Remosa,
    remosa_web: Web,
) -> None:
    addreality.accounts[TOKEN] = devices(30)
    remosa.set_accounts({7: ONE})
    with listing() as process:
        process.until(lambda: len(process.statuses()) == 30)
        del addreality.accounts[TOKEN][0]
        process.until(lambda: len(process.statuses()) == 29)
        process.stop()
    addreality_web.behaviour = web.hang
    remosa_web.behaviour = web.hang
    with listing() as process:
        process.until(lambda: process.value("remosa_exporter_source_up") == 0)
        assert len(process.samples(INFO)) == 29
        assert process.statuses() == {}
        assert process.samples("remosa_exporter_addreality_player_status") == {}
        addreality_web.behaviour = addreality  # the settings are in the cache as well
        process.until(lambda: len(process.statuses()) == 29)


def test_a_bad_token_or_a_hanging_vendor_of_one_platform_is_that_platforms_alone(
    listing: RunExporter, addreality: AddReality, remosa: Remosa
) -> None:
    addreality.accounts = {TOKEN: devices(30), "hanging": devices(5)}
    addreality.faults["hanging", 0] = web.hang
    remosa.set_accounts({7: ONE, 8: OTHER, 9: {"api_token": "hanging", "timeout": 20}, 10: {}})
    with listing(TIMEOUT="20", MAX_AGE="3") as process:
        process.until(lambda: len(process.statuses()) == 30)
        process.until(lambda: process.value("remosa_exporter_source_up", exporter_id="8") == 0)
        process.until(lambda: process.value("remosa_exporter_source_up", exporter_id="10") == 0)
        asked, started = addreality.asked[TOKEN, 0], time.monotonic()
        process.until(lambda: addreality.asked[TOKEN, 0] >= asked + 3)
        assert time.monotonic() - started < 4.5  # three intervals of a second, on a busy machine
        assert len(process.statuses()) == 30
        ups = {
            exporter: process.value("remosa_exporter_source_up", exporter_id=exporter)
            for exporter in ("7", "8", "9", "10")
        }
        assert ups == {"7": 1, "8": 0, "9": None, "10": 0}
        errors = "remosa_exporter_source_errors_total"
        assert process.value(errors, exporter_id="8", reason="http_4xx")
        assert process.value(errors, exporter_id="10", reason="settings")
        landing = process.get("/")[1]
        assert "http_4xx" in landing
        assert "api_token is not set" in landing
        for secret in (TOKEN, OTHER_TOKEN, "hanging"):
            assert secret not in process.log + landing


def test_a_vendor_that_ignores_the_offset_is_told_everywhere(
    listing: RunExporter, addreality: AddReality, remosa: Remosa
) -> None:
    addreality.accounts[TOKEN] = devices(1000)
    addreality.ignores_offset = True
    remosa.set_accounts({7: {**ONE, "limit": 300}})
    with listing() as process:
        process.until(lambda: len(process.statuses()) == 300)
        assert process.value("remosa_exporter_source_truncated") == 1
        assert process.value("remosa_exporter_source_up") == 1
        assert "the vendor lists no more than 300 devices" in process.log
        assert "The vendor keeps devices back" in process.get("/")[1]


def test_odd_names_leave_the_exposition_sound_for_promtool_and_prometheus(
    listing: RunExporter,
    addreality: AddReality,
    remosa: Remosa,
    promtool: str,
    prometheus: Callable[[str], PrometheusServer],
) -> None:
    odd = [device(number, name=name, time_zone=name) for number, name in enumerate(NAMES)]
    addreality.accounts[TOKEN] = [*odd, device(100, id='quo"te\\{}=,')]
    remosa.set_accounts({7: ONE})
    count = len(NAMES) + 1
    with listing() as process:
        process.until(lambda: len(process.statuses()) == count)
        assert check_metrics(promtool, process.text()) == ""
        target = process.url.removeprefix("http://")
        server = prometheus(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
            f"scrape_configs: [{{job_name: remosa, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        until(lambda: len(ask(server, f"{STATUS} == 1")) == count)
        # To Prometheus an empty label is none.
        served = {labels.get("name", ""): labels for labels, _value in ask(server, INFO)}
        assert len(served) == count
        assert 'quo"te' in served
        assert "two\nlines" in served
        assert "NUL \ufffd." in served
        assert "lone \ufffd" in served
        assert "\u202eright to left" in served
        assert "x" * 255 + "…" in served
        assert [labels["device_id"] for labels in served.values()].count('quo"te\\{}=,') == 1


def test_its_memory_stays_within_bounds_whatever_a_page_holds(
    listing: RunExporter, addreality: AddReality, remosa: Remosa
) -> None:
    def half_a_gigabyte(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _number in range(500):
            handler.wfile.write(b" " * 1_000_000)

    megabyte = 1024 * 1024
    bodies = {
        "objects": b'{"data": [' + b"{}," * 300_000 + b"{}]}",
        "lists": b'{"data": [' + b"[]," * 300_000 + b"[]]}",
        "keys": json.dumps({str(number): 0 for number in range(60_000)}).encode(),
        "numbers": b'{"data": [' + b"1.5," * 250_000 + b"1.5]}",
    }
    assert all(len(body) < 1.2 * megabyte for body in bodies.values())  # below the cap of a page
    remosa.set_accounts(
        {number: {"api_token": token} for number, token in enumerate([*bodies, "bytes"], start=1)}
    )
    for token in (*bodies, "bytes"):
        addreality.accounts[token] = devices(300)
    with listing(MAX_AGE="600") as process:
        process.until(lambda: len(process.samples(STATUS)) == 1500)
        before = process.resident()
        for token, body in bodies.items():
            addreality.faults[token, 0] = lambda handler, body=body: handler.send(200, body)  # type: ignore[misc]
        addreality.faults["bytes", 0] = half_a_gigabyte
        errors = "remosa_exporter_source_errors_total"
        process.until(lambda: (process.value(errors, reason="too_large", exporter_id="5") or 0) > 1)
        for number in range(1, len(bodies) + 1):
            process.until(lambda number=number: (process.value(  # type: ignore[misc]
                errors, reason="malformed", exporter_id=str(number)) or 0) > 1)  # fmt: skip
        grown = (process.resident() - before) / megabyte
        assert grown <= 32, f"{grown:.1f} MiB"
        addreality.faults.clear()
        process.until(lambda: len(process.samples(STATUS)) == 1500)


@pytest.mark.parametrize("kind", ["cubic", "addreality"])
def test_thousands_of_damaged_answers_leave_a_process_well_and_nobody_offline(
    kind: str,
    listing: RunExporter,
    exporter: RunExporter,
    remosa: Remosa,
    vendor_web: Web,
    addreality_web: Web,
    promtool: str,
) -> None:
    answers, field, server = (
        (CUBIC_ANSWERS, "status", vendor_web)
        if kind == "cubic"
        else (ADDREALITY_ANSWERS, "connection_state", addreality_web)
    )
    run = exporter if kind == "cubic" else listing
    if kind == "cubic":
        remosa.set({4: [mac(number) for number in range(1, 501)]})
    else:
        remosa.set_accounts({number: {**ONE, "limit": 2} for number in range(1, 401)})
    damaged = (body for body in mutants(SEED, answers) if not says_offline(body, field))
    bodies = list(islice(damaged, 2000))
    waiting, sent = deque(bodies), Counter[str]()
    first = page([device(98), device(99)])

    def damage(handler: Handler) -> None:
        # A good page before the damaged ones: a source that only fails is asked ever more seldom.
        is_first = handler.command == "POST" and b"offset" not in handler.body
        if is_first:
            handler.send(200, first)
        else:
            sent["damaged"] += 1
            waiting.rotate(-1)
            handler.send(200, waiting[0])

    server.behaviour = damage
    with run(MAX_AGE="60") as process:
        while sent["damaged"] < len(bodies):
            process.until(lambda: process.get("/-/healthy")[0] == 200)
            assert check_metrics(promtool, process.text()) == ""
            assert set(process.statuses().values()) <= {1}
            assert not process.value("remosa_exporter_source_devices", state="offline")
            time.sleep(0.2)
        assert process.statuses()
        errors = process.samples("remosa_exporter_source_errors_total")
        assert sum(value for (_name, labels), value in errors.items()
                   if ("reason", "internal") in labels) == 0  # fmt: skip
        assert "Traceback" not in process.log


def test_two_shards_poll_everything_and_nothing_twice(
    exporter: RunExporter, listing: RunExporter, addreality: AddReality, remosa: Remosa
) -> None:
    macs = [mac(number) for number in range(1, 41)]
    remosa.set({4: macs})
    with exporter("--shard", "1/2") as one, exporter(SHARD="2/2") as other:
        one.until(lambda: len(one.statuses()) + len(other.statuses()) == len(macs))
        assert {*one.statuses(), *other.statuses()} == set(macs)
        assert min(len(one.statuses()), len(other.statuses())) > 10
    addreality.accounts = {f"token-{number}": [device(number)] for number in range(20)}
    remosa.set_accounts({number: {"api_token": f"token-{number}"} for number in range(1, 20)})
    with listing("--shard", "1/2") as one, listing(SHARD="2/2") as other:
        one.until(lambda: len(one.statuses()) + len(other.statuses()) == 19)
        assert len({*one.statuses(), *other.statuses()}) == 19
        assert min(len(one.statuses()), len(other.statuses())) > 3
