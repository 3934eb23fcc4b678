"""Reading data files of socket models and templates of platforms into types; refuses odd ones.

Pure but for the data files of the package itself.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from devices.parameters import MANY, Choice, Kind, Parameter, ValueRefused, check
from devices.states import Effect
from devices.templates import Danger, Step, Template, TemplateError
from devices.words import Words

from .shape import Model

FOLDER = Path(__file__).parent


class CatalogueError(ValueError):
    """Data that describes no socket model or template; the text is English, for its author."""


@cache
def models() -> Mapping[str, Model]:
    """Return every socket model by its key."""
    paths = sorted((FOLDER / "models").glob("*.json"))
    read = [read_model(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return {model.key: model for model in read}


def read_model(data: Any) -> Model:
    """Return the model that parsed JSON describes; raise CatalogueError."""
    _hold("model", data)
    commands = tuple(read_template(command) for command in data["commands"])
    if len({command.key for command in commands}) != len(commands):
        raise CatalogueError(f"{data['key']}: two commands of one key")
    for command in commands:
        if not isinstance(command.lines, str) and set(command.lines) - _lines(data):
            raise CatalogueError(f"{command.key}: a line that {data['key']} does not have")
    try:
        grammar = re.compile(data["grammar"])
    except re.error as error:
        raise CatalogueError(f"{data['key']}: {error} in its grammar") from error
    return Model(
        key=data["key"],
        version=data["version"],
        name=data["name"],
        about=_words(data["about"]),
        outlets=data["outlets"],
        grammar=grammar,
        replies=data["replies"],
        notes=tuple(map(_words, data["notes"])),
        commands=commands,
    )


def read_template(data: Any) -> Template:
    """Return the template that parsed JSON describes, the catalogue's or a platform's own."""
    _hold("command", data)
    if "code" in data:
        steps = [Step(data["code"], Effect(data["effect"]))]
    else:
        steps = [
            Step(step["code"], Effect(step["effect"]), step.get("after", 0))
            for step in data["sequence"]
        ]
    lines = data.get("lines", [])
    try:
        return Template(
            key=data["key"],
            name=_words(data["name"]),
            help=_words(data["help"]),
            danger=Danger(data["danger"]),
            steps=tuple(steps),
            parameters=tuple(map(_parameter, data.get("parameters", []))),
            lines=lines if isinstance(lines, str) else tuple(lines),
            ordered=tuple(data["ordered"]) if "ordered" in data else None,
            self_restoring=data.get("self_restoring", False),
            dark_seconds=data.get("dark_seconds", 0),
        )
    except (TemplateError, ValueRefused) as error:
        raise CatalogueError(str(error)) from error


def _parameter(data: dict[str, Any]) -> Parameter:
    parameter = Parameter(
        name=data["name"],
        kind=Kind(data["kind"]),
        label=_words(data["label"]),
        help=_words(data["help"]),
        minimum=data.get("min"),
        maximum=data.get("max"),
        unit=data.get("unit", ""),
        choices=tuple(
            Choice(each["value"], _words(each["label"])) for each in data.get("choices", [])
        ),
        default=data.get("default", ""),
        secret=data.get("secret", False),
    )
    if data.get("min", -MANY) > data.get("max", MANY):
        raise TemplateError(f"{parameter.name}: nothing is at least min and at most max")
    if parameter.default:
        check(parameter, parameter.default)
    return parameter


def _words(data: dict[str, str]) -> Words:
    return Words(data["en"], data["ru"])


def _lines(data: dict[str, Any]) -> set[int]:
    return set(range(1, data["outlets"] + 1))


@cache
def _validator(part: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    schema["$ref"] = f"#/$defs/{part}"
    return jsonschema.Draft202012Validator(schema)


def _hold(part: str, data: Any) -> None:
    error = jsonschema.exceptions.best_match(_validator(part).iter_errors(data))
    if error is not None:
        raise CatalogueError(f"{error.json_path}: {error.message}")
