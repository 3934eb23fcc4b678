"""Reading the data file of metrics into types; refuses odd ones.

Pure but for the data files of the package itself.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from devices.words import Words
from exporters.kinds import KINDS, Kind

from .shape import Category, Metric, Series

FOLDER = Path(__file__).parent
EVERY = "*"


class CatalogueError(ValueError):
    """Data that describes no metric; the text is English, for its author."""


@cache
def metrics() -> Mapping[str, Metric]:
    """Return every metric of the catalogue by its technical name, in the order of the file."""
    return read(json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8")))


def read(data: Any) -> Mapping[str, Metric]:
    """Return the metrics that parsed JSON describes; raise CatalogueError."""
    error = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    if error is not None:
        raise CatalogueError(f"{error.json_path}: {error.message}")
    every = [metric for entry in data for metric in _metrics(entry)]
    by_name = {metric.name: metric for metric in every}
    if len(by_name) != len(every):
        raise CatalogueError("two metrics of one name")
    return by_name


def _metrics(entry: Mapping[str, Any]) -> Iterator[Metric]:
    """One of every kind is one for all of them, and one for each by itself."""
    suffix = entry["metric"]
    title = _words(entry["title"])
    if entry["kind"] == EVERY:
        yield _metric(entry, suffix, title, list(KINDS.values()))
        for kind in KINDS.values():
            yield _metric(entry, _series(kind, suffix).name, _of_kind(title, kind), [kind])
        return
    if entry["kind"] not in KINDS:
        raise CatalogueError(f"{suffix}: no kind {entry['kind']}")
    kind = KINDS[entry["kind"]]
    yield _metric(entry, _series(kind, suffix).name, _of_kind(title, kind), [kind])


def _metric(entry: Mapping[str, Any], name: str, title: Words, kinds: list[Kind]) -> Metric:
    low, high = entry.get("range", [None, None])
    values = {each["value"]: _words(each["title"]) for each in entry.get("values", [])}
    return Metric(
        name=name,
        kind=kinds[0].name if name != entry["metric"] else "",
        category=Category(entry["category"]),
        series=tuple(_series(kind, entry["metric"]) for kind in kinds),
        title=title,
        help=_words(entry["help"]),
        unit=entry.get("unit", ""),
        minimum=low,
        maximum=high,
        values=values,
        age=entry.get("age", False),
    )


def _series(kind: Kind, suffix: str) -> Series:
    return Series(f"remosa_exporter_{kind.name}_{suffix}", kind.name, kind.identity)


def _of_kind(title: Words, kind: Kind) -> Words:
    return Words(f"{title.en} ({kind.title})", f"{title.ru} ({kind.title})")


def _words(data: Mapping[str, str]) -> Words:
    return Words(data["en"], data["ru"])


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)
