"""What the process is told, and by whom: the command line over the environment over .env.

Reads the files and nothing else; what a value means is configuration.py's.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import environ

COMMAND_LINE, ENVIRONMENT = "command line", "environment"


class Told(NamedTuple):
    """One variable and who set it: COMMAND_LINE, ENVIRONMENT or the path of a file."""

    text: str
    origin: str


def gather(
    options: Mapping[str, str | None], environment: Mapping[str, str], files: Iterable[Path]
) -> dict[str, Told]:
    """Return what is set, by variable; a blank variable is as if not set, but hides lower ones.

    `files` come with the most important one first. NAME and NAME_FILE are one thing: set on the
    command line or in the environment, either hides both of below. Raises ValueError for a file
    that is no text.
    """
    found: dict[str, Told] = {}
    layers = [(str(path), read_file(path)) for path in files][::-1]
    layers.append((ENVIRONMENT, dict(environment)))
    given = {name: text for name, text in options.items() if text is not None}
    layers.append((COMMAND_LINE, given))
    for origin, variables in layers:
        for name, text in variables.items():
            if text.strip():
                found.pop(f"{name}_FILE", None)
                found.pop(name.removesuffix("_FILE"), None)
        found.update({name: Told(text, origin) for name, text in variables.items()})
    return {name: told for name, told in found.items() if told.text.strip() or name in given}


def read_file(path: Path) -> dict[str, str]:
    """Return the variables of a file; none when there is no such file."""

    class Lines(environ.Env):
        ENVIRON: ClassVar[dict[str, Any]] = {}

    if path.is_file():
        Lines.read_env(path, overwrite=True)
    return {name: str(text) for name, text in Lines.ENVIRON.items()}
