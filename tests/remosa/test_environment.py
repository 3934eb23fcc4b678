"""Settings that come in files."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from remosa.environment import Environment


def test_a_file_stands_for_the_value_without_its_line_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "url"
    file.write_text("postgres://remosa:secret@db:5432/name\n")
    monkeypatch.setenv("A_DATABASE_FILE", str(file))
    monkeypatch.setenv("A_DATABASE", "sqlite://")
    assert Environment().db_url("A_DATABASE")["NAME"] == "name"
    assert Environment().str("A_DATABASE", default="") == file.read_text().strip()


def test_without_a_file_the_variable_or_the_default_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_LIST", "a,b")
    monkeypatch.setenv("A_LIST_FILE", "")
    assert Environment().list("A_LIST", default=[]) == ["a", "b"]
    assert Environment().str("A_NAME_THAT_IS_NOT_SET", default="default") == "default"


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"A_SECRET_FILE: .*missing.*No such file"):
        Environment().str("A_SECRET", default="")
    (tmp_path / "missing").write_bytes(b"\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="not a text"):
        Environment().str("A_SECRET", default="")
