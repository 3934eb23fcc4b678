"""The lock files: one set of versions, hashes everywhere, no machine in them."""

import re

import pytest

from tools.lock import LOCKS, ROOT

PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE | re.IGNORECASE)


def pins(name: str) -> set[tuple[str, str]]:
    return set(PIN.findall((ROOT / name).read_text()))


def test_tests_run_on_the_versions_that_run_in_production() -> None:
    assert pins("requirements.txt") < pins("requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_one_version_and_a_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    names = [package for package, _ in pins(name)]
    assert len(names) == len(set(names)) > 20
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


@pytest.mark.parametrize("name", LOCKS)
def test_no_address_and_no_folder_of_a_machine_stands_in_it(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"(^|[\s=])/\w", text)
