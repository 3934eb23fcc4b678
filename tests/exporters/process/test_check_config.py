"""--check-config: what would be used, where it is from, what is wrong; and nothing is run."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from exporters.kinds import KINDS
from exporters.kinds.shape import Kind
from exporters.process import configuration, effective
from tests.environment_names import configuration_read
from tests.exporters.process import child
from tests.exporters.process.certificates import Authority
from tests.exporters.process.web import Remosa, Vendor, Web

NOBODY = {"REMOSA_API_URL": "http://127.0.0.1:9", "REMOSA_API_TOKEN": "s3cret"}


def check(folder: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    """Run the command; return its code, what it printed and what it complained of."""
    process = child.Exporter(folder, {**NOBODY, **environment}, "--check-config", *options)
    code = process.process.wait(timeout=30)
    return code, process.said, process.log


def rows(said: str) -> dict[str, list[str]]:
    """Return value and origin by variable."""
    lines = [re.split(r"  +", line) for line in said.split("\n")]
    return {cells[0]: cells[1:] for cells in lines if len(cells) == 3}


def test_it_says_of_each_value_where_it_is_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMEOUT=7\nMAX_AGE=70\nMETRICS_TOKEN=t0ken\n")
    (tmp_path / "level").write_text("warning\n")
    code, said, complaint = check(
        tmp_path, "--web.listen-address=:9", MAX_AGE="80", LOG_LEVEL_FILE=str(tmp_path / "level")
    )
    assert (code, complaint) == (0, "")
    found = rows(said)
    assert found["WEB_LISTEN_ADDRESS"] == ["0.0.0.0:9", "command line"]
    assert found["MAX_AGE"] == ["80", "environment"]
    assert found["TIMEOUT"] == ["7", str(tmp_path / ".env")]
    assert found["POLL_INTERVAL"] == ["the admin's, else 30", "default"]
    assert found["METRICS_TOKEN"] == ["set", str(tmp_path / ".env")]
    assert found["REMOSA_API_TOKEN"] == ["set", "environment"]
    assert found["LOG_LEVEL"] == ["warning", f"environment: LOG_LEVEL_FILE={tmp_path / 'level'}"]
    assert "s3cret" not in said
    assert "t0ken" not in said
    assert not (tmp_path / ".remosa").exists()


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_setting_is_told_whatever_the_kind(kind: Kind) -> None:
    found = configuration.read(kind, NOBODY, {})
    others = {each.address_variable for each in KINDS.values()} - {kind.address_variable}
    assert set(effective.values(found)) == configuration_read() - others - {""}


def test_it_asks_nobody(
    tmp_path: Path, environment: dict[str, str], remosa: Remosa, vendor: Vendor, vendor_web: Web
) -> None:
    assert check(tmp_path, **environment)[0] == 0
    assert (remosa.seen, vendor.asked, vendor_web.connections) == ([], {}, 0)


def test_a_mistake_is_one_line_and_code_2(tmp_path: Path) -> None:
    assert check(tmp_path, TIMEOUT="often") == (
        2,
        "",
        (
            "remosa exporter cubic 0.1.0: TIMEOUT: 'often' cannot be used;"
            " accepted: a number of seconds from 0.1 to 300\n"
        ),
    )


def test_it_looks_at_the_web_configuration_and_its_files(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue("exporter.example")
    file = tmp_path / "web.yml"
    file.write_text(f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}\n")
    code, said, _complaint = check(tmp_path, "--web.config.file", str(file))
    assert code == 0
    assert "Served by HTTPS: certificate of exporter.example, 127.0.0.1, until 2" in said
    file.write_text(f"tls_server_config: {{cert_file: {key}, key_file: {key}}}\n")
    code, _said, complaint = check(tmp_path, "--web.config.file", str(file))
    assert code == 2
    assert f"WEB_CONFIG_FILE: {str(file)!r}: tls_server_config.cert_file: " in complaint
    assert complaint.count("\n") == 1
    Authority(tmp_path).issue("exporter.example", timedelta(hours=-1))
    file.write_text(f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}\n")
    code, _said, complaint = check(tmp_path, "--web.config.file", str(file))
    assert code == 2
    assert "has expired" in complaint


@pytest.mark.parametrize("name", ["taken/below/cache.sqlite3", "/proc/self/cache.sqlite3", "."])
def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    code, _said, complaint = check(tmp_path, CACHE_DB_FILE=name)
    assert code == 2
    assert complaint.startswith("remosa exporter cubic 0.1.0: CACHE_DB_FILE: ")
    assert "cannot be written (" in complaint


def test_a_cache_that_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    effective.check_cache(tmp_path / "new" / "folder" / "cache.sqlite3")
    assert os.listdir(tmp_path) == []
