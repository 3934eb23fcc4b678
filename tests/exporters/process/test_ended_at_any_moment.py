"""Processes that are ended in the middle of a poll, by the hundred: the cache is sound each time.

REMOSA_ENDED_ROUNDS=1000 makes as many of it as the issue asks for; CI makes fewer.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exporters.process.addreality_web import TOKEN, AddReality, devices
from tests.exporters.process.child import PROJECT, bare_environment
from tests.exporters.process.web import Handler, Remosa, Web, mac

ROUNDS = int(os.environ.get("REMOSA_ENDED_ROUNDS", "24"))
DEVICES = 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
@pytest.mark.parametrize("kind", ["cubic", "addreality"])
def test_the_cache_is_sound_at_whatever_moment_a_process_is_ended(
    kind: str,
    number: signal.Signals,
    environment: dict[str, str],
    remosa: Remosa,
    remosa_web: Web,
    addreality: AddReality,
    addreality_web: Web,
    vendor_web: Web,
    tmp_path: Path,
) -> None:
    names, lists = itertools.count(), itertools.count()  # new in each answer: always to be written

    def cubic(handler: Handler) -> None:
        body = [{"status": "online", "name": f"Hall {next(names)}"}]
        handler.send(200, json.dumps(body).encode())

    def listing(handler: Handler) -> None:
        addreality.accounts[TOKEN] = devices(DEVICES - next(lists) // 5 % 7)
        for each in addreality.accounts[TOKEN]:
            each["name"] = f"Mall {next(names)}"
        addreality(handler)

    def changing(handler: Handler) -> None:
        remosa.version += 1
        remosa(handler)

    remosa_web.behaviour = changing
    if kind == "cubic":
        remosa.set({4: [mac(device) for device in range(1, DEVICES + 1)]})
        vendor_web.behaviour = cubic
    else:
        remosa.set_accounts({7: {"api_token": TOKEN, "limit": 50}})
        addreality_web.behaviour = listing
    vendor = "EXTERNAL_API_BASE_URL" if kind == "cubic" else "ADDREALITY_API_URL"
    told = {
        **environment,
        vendor: environment[vendor] if kind == "cubic" else f"{addreality_web.url}/list",
        "CACHE_DB_FILE": str(tmp_path / "cache.sqlite3"),
        "LOG": str(tmp_path / "log"),
    }
    asked = {"kind": kind, "told": told, "signal": number, "rounds": ROUNDS, "seed": ROUNDS}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.exporters.process.warm_parent", json.dumps(asked)],
        cwd=PROJECT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=30 + 3 * ROUNDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    # 0: it tidied up. Minus the signal: it came before the process had begun to listen to it.
    assert set(found["codes"]) <= ({"0", "-15"} if number == signal.SIGTERM else {"-9"})
    assert sum(found["codes"].values()) == ROUNDS
    assert number == signal.SIGKILL or found["codes"]["0"] > ROUNDS / 3
    assert found["slowest"] < 5  # what SIGTERM promises
    assert found["holds"]["entries"] == 1
    assert found["holds"]["info"] > DEVICES / 2
    assert found["changed"] > 0
    log = Path(told["LOG"]).read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "put aside" not in log
