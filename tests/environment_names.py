"""Which environment variables the code reads, found in its source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from exporters.kinds import KINDS
from tools.messages.extraction import parsed

ROOT = Path(__file__).parents[1]


def calls(path: str) -> Iterator[ast.Call]:
    tree = parsed((ROOT / path).read_text(encoding="utf-8"))
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
    names = {kind.address_variable for kind in KINDS.values() if kind.address_variable}
    for call in calls("exporters/process/configuration.py"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        for part in (owner, *call.args):
            if isinstance(part, ast.Name) and part.id == "given":
                texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
                names |= {text for text in texts if isinstance(text, str) and text.isupper()}
    return names
