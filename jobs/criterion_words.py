"""What held when a job acted, in words: from what an execution keeps of it. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from . import condition_words, names
from .conditions import Criterion


def condition(definition: Mapping[str, Any]) -> str:
    """Say what is asked of players; "" of a schedule, which asks nothing."""
    if not definition:
        return ""
    criterion = _criterion(definition)
    if criterion is None:
        return _("its PromQL holds")
    told = condition_words.sentences(criterion)
    return names.of_conditions(told, any_of_them=criterion.joined == "any")


def value(definition: Mapping[str, Any], number: float | None) -> str:
    """Say the value that made a player bad; where it may be of several conditions, the number."""
    if number is None:
        return ""
    criterion = _criterion(definition) if definition else None
    if criterion is None or len(criterion.conditions) != 1:
        return f"{number:.6g}"
    return condition_words.value(criterion.conditions[0], number)


def _criterion(definition: Mapping[str, Any]) -> Criterion | None:
    return None if "raw" in definition else Criterion.of_data(definition)
