"""Criteria as rows: jobs of a platform that ask the same share one, and what was seen under it."""

import hashlib
import json
from typing import Any

from .conditions import Criterion as Asked
from .definition import Definition
from .models import Criterion


def of(definition: Definition) -> Criterion | None:
    """Return the row of what a definition asks, made where there is none; a schedule asks nothing.

    The caller holds the lock of the platform.
    """
    asked = definition.criterion
    if asked is not None:
        return _row(definition, asked.digest(), asked.as_data())
    if definition.raw:
        data = {"raw": definition.raw}
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
        return _row(definition, digest, data)
    return None


def asked_by(row: Criterion) -> Asked | None:
    """Return the conditions of a row; None: it is raw PromQL."""
    return None if "raw" in row.definition else Asked.of_data(row.definition)


def _row(definition: Definition, digest: str, data: Any) -> Criterion:
    row, _is_new = Criterion.objects.get_or_create(
        platform=definition.platform, digest=digest, defaults={"definition": data}
    )
    found: Criterion = row
    return found
