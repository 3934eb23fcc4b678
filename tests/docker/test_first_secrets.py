"""The secrets that the first start of the containers makes."""

import stat
import subprocess
import sys
from pathlib import Path

import environ

from platforms.keyring import KeyRing
from tests.environment_names import ROOT

PROGRAM = ROOT / "docker" / "first_secrets.py"


def make(folder: Path) -> str:
    command = [sys.executable, "-I", str(PROGRAM), "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_it_makes_every_secret_and_shows_none(tmp_path: Path) -> None:
    said = make(tmp_path)
    made = contents(tmp_path)
    assert len(made["web/secret_key"]) >= 50
    assert KeyRing([made["web/secret_keys"]]).seal("x", "y")
    database = environ.Env.db_url_config(made["web/database_url"])
    assert database["PASSWORD"] == made["postgres/password"]
    assert database["HOST"] == "postgres"
    assert f":{made['redis/password']}@redis:6379" in made["web/redis_url"]
    assert f"requirepass {made['redis/password']}\n" in made["redis/redis.conf"]
    assert made["prometheus/metrics_token"] == made["web/metrics_token"]
    for name, text in made.items():
        assert name in said
        assert text == text.strip() or name == "redis/redis.conf"
        assert text not in said or name == "web/email_url"


def test_no_two_installations_share_one(tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert [name for name in one if one[name] == two[name]] == ["web/email_url"]


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    assert "nothing" in make(tmp_path)
    assert contents(tmp_path) == before


def test_a_secret_of_a_person_stays_and_is_used(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "password").write_text("my-own\n")
    make(tmp_path)
    made = contents(tmp_path)
    assert made["postgres/password"] == "my-own\n"
    assert made["web/database_url"] == "postgres://remosa:my-own@postgres:5432/remosa"


def test_only_a_reader_of_another_user_makes_a_file_readable(tmp_path: Path) -> None:
    make(tmp_path)
    for path in tmp_path.rglob("*/*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o400 if path.parent.name == "web" else 0o444)
