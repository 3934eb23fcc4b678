""".env.example: every setting of the code, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import installation
from exporters.kinds import KINDS
from remosa import local

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
SETTING = re.compile(r"(?P<optional># )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)")
FOUND = {match["name"]: match for line in EXAMPLE if (match := SETTING.fullmatch(line))}
REQUIRED = {"SECRET_KEY", "REMOSA_SECRET_KEYS", "REMOSA_API_URL", "REMOSA_API_TOKEN"}


def calls(path: str) -> Iterator[ast.Call]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def settings_read() -> dict[str, ast.expr | None]:
    """Return what remosa/settings.py reads by env.kind("NAME", default=...), with defaults."""
    found: dict[str, ast.expr | None] = {}
    for call in calls("remosa/settings.py"):
        reads = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        name = call.args[0] if call.args else None
        if isinstance(reads, ast.Name) and reads.id == "env" and isinstance(name, ast.Constant):
            defaults = [word.value for word in call.keywords if word.arg == "default"]
            found[str(name.value)] = defaults[0] if defaults else None
    return found


def configuration_read() -> set[str]:
    """Return what the exporter process reads by reader(given, "NAME", ...) or given.get("NAME")."""
    names = {kind.address_variable for kind in KINDS.values()}
    for call in calls("exporters/process/configuration.py"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        for part in (owner, *call.args):
            if isinstance(part, ast.Name) and part.id == "given":
                texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
                names |= {text for text in texts if isinstance(text, str) and text.isupper()}
    return names


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
