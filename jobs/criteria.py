"""Criteria as rows: jobs of a platform that ask the same share one, and what was seen under it."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Q

from .conditions import Criterion as Asked
from .definition import Definition
from .models import Criterion


def of(definition: Definition) -> Criterion | None:
    """Return the row of what a definition asks, made where there is none; a schedule asks nothing.

    The caller holds the lock of the platform.
    """
    digest, data = _asks(definition)
    return _row(definition, digest, data) if digest else None


def known(definition: Definition) -> Criterion | None:
    """Return the row of what a definition asks; None where no job of its platform ever asked it."""
    digest, _data = _asks(definition)
    rows = Criterion.objects.filter(platform=definition.platform, digest=digest)
    return rows.first() if digest else None


def _asks(definition: Definition) -> tuple[str, Any]:
    """Return what tells equal questions, and the question as a row keeps it; "" where none is."""
    asked = definition.criterion
    if asked is not None:
        return asked.digest(), asked.as_data()
    if definition.raw:
        data = {"raw": definition.raw}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest(), data
    return "", None


def asked_by(row: Criterion) -> Asked | None:
    """Return the conditions of a row; None: it is raw PromQL."""
    return None if "raw" in row.definition else Asked.of_data(row.definition)


def shows_power(row: Criterion) -> float | None:
    """Return within how many seconds it holds for every player without power; None: unknown."""
    asked = asked_by(row)
    return None if asked is None else asked.shows_power()


def too_many(definition: Definition, old: Definition | None, job_id: int | None) -> int:
    """Return how many questions its platform's jobs would have, where that is too many; else 0.

    Equal conditions are one question. Who asks nothing new is never refused.
    """
    if not definition.enabled:
        return 0
    working = Q(jobs__removed_at=None, jobs__enabled=True) & ~Q(jobs=job_id)
    rows = Criterion.objects.filter(working, platform=definition.platform).distinct()
    others = {each for row in rows for each in _questions(row.definition)}
    wanted = set(_questions_of(definition))
    known = set(_questions_of(old)) if old is not None and old.enabled else set()
    number = len(others | wanted)
    return number if number > settings.JOBS_QUESTIONS and wanted - others - known else 0


def _questions_of(definition: Definition) -> Iterator[object]:
    if definition.criterion is not None:
        yield from definition.criterion.normalised().conditions
    elif definition.raw:
        yield definition.raw


def _questions(data: Any) -> Iterator[object]:
    """Yield what a stored criterion asks: conditions, or raw PromQL."""
    if "raw" in data:
        yield data["raw"]
    else:
        yield from Asked.of_data(data).conditions


def _row(definition: Definition, digest: str, data: Any) -> Criterion:
    row, _is_new = Criterion.objects.get_or_create(
        platform=definition.platform, digest=digest, defaults={"definition": data}
    )
    found: Criterion = row
    return found
