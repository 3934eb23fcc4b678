"""The web server's own lines, from a real gunicorn."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from remosa.local import web
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
LOGGER = "remosa.web_log.WebLog"
TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (debug|info|warning|error)\s+[\w.]+: .+")


def log_of_a_run(fmt: str) -> list[str]:
    """Serve one request, end, and return the lines of both streams."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "remosa.wsgi:application", "--bind"]
    command += [f"127.0.0.1:{port}", "--worker-class", "gthread", "--no-control-socket"]
    command += ["--logger-class", LOGGER, "--access-logfile", "-"]
    told = os.environ | {"LOG_FORMAT": fmt, "LOG_LEVEL": "info", "TZ": "Asia/Tokyo"}
    server = subprocess.Popen(
        command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        deadline = time.monotonic() + 60
        while not is_healthy(port):
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        server.terminate()
        said, _nothing = server.communicate(timeout=30)
    return said.splitlines()


def is_healthy(port: int) -> bool:
    """Tell whether the server answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def test_every_line_has_the_form_and_the_time_zone_of_the_applications() -> None:
    lines = log_of_a_run("text")
    assert [line for line in lines if not TEXT.fullmatch(line)] == []
    assert any("gunicorn.error: Listening at" in line for line in lines)
    assert any("gunicorn.access: 127.0.0.1" in line for line in lines)


def test_every_line_is_json_where_the_applications_are() -> None:
    events = [json.loads(line) for line in log_of_a_run("json")]
    assert {"gunicorn.error", "gunicorn.access"} <= {event["logger"] for event in events}
    assert {event["timestamp"][-1] for event in events} == {"Z"}


@pytest.mark.parametrize("file", ["docker/Dockerfile", "docs/deployment.md"])
def test_it_is_named_wherever_gunicorn_is_started(file: str) -> None:
    assert LOGGER in (ROOT / file).read_text(encoding="utf-8")


def test_it_is_named_by_make_run() -> None:
    assert LOGGER in web({}, 8000).argv
