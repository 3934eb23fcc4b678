"""What every gate says of episodes at one moment, that of the rate among them. Writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from . import gates, traffic
from .gate_names import Gate
from .gates import Verdict
from .situation import Subject


def judge(platform_id: int, subjects: Sequence[Subject], now: datetime) -> dict[int, list[Verdict]]:
    """Return the verdicts of all gates by episode, that of the rate where all others are open."""
    judged = {each.episode.pk: gates.judge(each) for each in subjects}
    open_ones = [each for each in subjects if gates.first_shut(judged[each.episode.pk]) is None]
    rulings = traffic.rule(platform_id, open_ones, now)
    for each in open_ones:
        *before, approval = judged[each.episode.pk]
        ruling = rulings[each.episode.pk]
        judged[each.episode.pk] = [*before, gates.of_rate(ruling), approval]
    return judged


def asks_for_approval(shut: Verdict) -> bool:
    """Tell whether nothing stands against it but that people are to be asked."""
    return shut.gate is Gate.APPROVAL and shut.detail["code"] == "to_propose"


def is_outdated(shut: Verdict) -> bool:
    """Tell whether something else would be sent by now than what people approved."""
    return shut.gate is Gate.APPROVAL and shut.detail["code"] == "changed"
