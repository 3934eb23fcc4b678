"""Placeholder."""

from typing import Any


def run(*_told: Any) -> dict[str, Any]:
    return {}
