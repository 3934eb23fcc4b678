""".env.example: every setting of the code, and nothing else."""

import ast
import re

import pytest

from demo import installation
from remosa import local
from tests.environment_names import ROOT, configuration_read, settings_read

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
SETTING = re.compile(r"(?P<optional># )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)")
FOUND = {match["name"]: match for line in EXAMPLE if (match := SETTING.fullmatch(line))}
REQUIRED = {"SECRET_KEY", "REMOSA_SECRET_KEYS", "REMOSA_API_URL", "REMOSA_API_TOKEN"}


def composed() -> set[str]:
    compose = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{([A-Z_]+)", compose))


def test_the_code_is_read_rightly() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "EMAIL_URL", "DEBUG", "LOG_LEVEL"} <= set(settings_read())
    assert {"REMOSA_API_TOKEN", "CACHE_DB_FILE", "EXTERNAL_API_BASE_URL"} <= configuration_read()


def test_every_setting_of_the_code_is_in_the_example() -> None:
    known = set(settings_read()) | configuration_read() | set(installation.PORTS) | composed()
    assert known - set(FOUND) == set()


def test_the_example_has_no_setting_that_the_code_does_not_read() -> None:
    known = set(settings_read()) | configuration_read() | composed()
    known |= set(local.PORTS) | set(installation.PORTS)
    assert set(FOUND) - known == set()


def test_no_setting_stands_there_twice() -> None:
    names = [match["name"] for line in EXAMPLE if (match := SETTING.fullmatch(line))]
    assert len(names) == len(set(names))


def test_only_what_is_needed_is_not_commented_out() -> None:
    """So that a copied file overrides nothing that the admin sets."""
    assert {name for name, match in FOUND.items() if not match["optional"]} == REQUIRED


@pytest.mark.parametrize("name", FOUND)
def test_one_line_of_comment_explains_each(name: str) -> None:
    at = EXAMPLE.index(FOUND[name][0])
    assert EXAMPLE[at - 2] == ""
    assert EXAMPLE[at - 1].startswith("# ")
    assert len(EXAMPLE[at - 1]) <= 100
    assert SETTING.fullmatch(EXAMPLE[at - 1]) is None


def literal_defaults() -> dict[str, str]:
    """Return the defaults that the settings spell out, as one would write them in the file."""
    texts = {}
    for name, default in settings_read().items():
        if isinstance(default, ast.Constant | ast.List):
            value = ast.literal_eval(default)
            text = ",".join(value) if isinstance(value, list) else str(value)
            texts[name] = text.lower() if isinstance(value, bool) else text
    return texts


@pytest.mark.parametrize(("name", "default"), sorted(literal_defaults().items()))
def test_a_commented_value_is_the_default(name: str, default: str) -> None:
    assert FOUND[name]["value"].lower() == default.lower()
