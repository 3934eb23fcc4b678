"""Exporters of whose players nothing is known, told and taken back. Asks Prometheus, no vendor.

`watch` judges as the page of an exporter does, at several moments of the last minutes: so nothing
is kept from run to run, and one after a restart, or beside another, comes to the same.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q

from platforms.models import AuditEntry, Notice
from platforms.models.audit import Action
from platforms.notifications import announce, end

from . import condition
from .asking import Ask, Outage
from .models import Exporter, Player
from .notice_kinds import SOURCE_BACK, SOURCE_DOWN
from .prometheus import Sample
from .verdicts import Why

LOOK: Final = 30  # seconds from one look to the next
DOWN: Final = timedelta(minutes=3)  # at every look of these nothing was known
WELL: Final = 2  # looks in a row at which all was well
NEW: Final = timedelta(minutes=15)  # since the first player came: until then people set it up
MOST_EXPLAINED: Final = 50  # exporters whose errors are asked for at once, to say more of why

Look = list[Sample]
Verdicts = Mapping[int, Why | None]  # by exporter


def watch(now: datetime) -> int:
    """Tell of exporters that are down and of those that work again; return how many.

    Of none while Prometheus is away, or reads no exporter process at all: that says nothing of a
    single one.
    """
    watched = _watched(now)
    rows = Notice.objects.lasting().filter(kind=SOURCE_DOWN.name)  # unscoped: the tick sees all
    told = set(rows.values_list("key", flat=True))
    for key in told - {str(each.pk) for each in watched}:
        end(SOURCE_DOWN.name, key, now)  # deleted, switched off, or without players by now
    if not watched:
        return 0
    ask = Ask()
    looks = _looks(ask, watched, now)
    newest = None if isinstance(looks, Outage) else _verdicts(ask, looks[-1], watched)
    if isinstance(looks, Outage) or newest is None:
        return 0
    fresh = [each for each in watched if newest[each.pk] and str(each.pk) not in told]
    down = _always(ask, looks, [each for each in fresh if each.is_expected], down=True)
    lasting = [each for each in watched if str(each.pk) in told]
    back = _always(ask, looks[-WELL:], lasting, down=False)
    return _tell_down(ask, down, newest, now) + sum(
        _tell(SOURCE_BACK.name, each, {}, now) for each in back
    )


def _watched(now: datetime) -> list[Any]:
    """Return the exporters of which something is to be known, and whether it is by now."""
    players = Player.objects.enrolled().filter(exporter=OuterRef("pk"))
    rows = Exporter.objects.filter(Exists(players), enabled=True, platform__active=True)
    return list(
        rows.annotate(is_expected=Exists(players.filter(created_at__lte=now - NEW)))
        .select_related("platform")
        .only("name", "kind", "enabled", "platform__active")
        .order_by("pk")
    )  # unscoped: the tick sees all


def _looks(ask: Ask, exporters: Collection[Exporter], now: datetime) -> list[Look] | Outage:
    """Return what Prometheus held at each look, the newest last: one question for all platforms."""
    looks: list[Look] = [[] for _look in range(int(DOWN.total_seconds()) // LOOK + 1)]
    start = now.timestamp() - LOOK * (len(looks) - 1)
    found = ask.window(condition.standings(ask, exporters), start, now.timestamp(), LOOK)
    if isinstance(found, Outage):
        return found
    for labels, points in found:
        for at, value in points:
            looks[round((at - start) / LOOK)].append(Sample(labels, value, at))
    return looks


def _verdicts(ask: Ask, look: Look, exporters: Collection[Exporter]) -> Verdicts | None:
    """Judge exporters by one look; None where it saw no exporter process: it proves nothing."""
    if not any(sample.labels.get("__name__") == "up" for sample in look):
        return None
    found = condition.read(ask.processes, exporters, look)
    return {pk: each.why for pk, each in found.items()}


def _always(
    ask: Ask, looks: Iterable[Look], exporters: Collection[Exporter], *, down: bool
) -> list[Exporter]:
    """Return those that were down, or well, at every one of these looks."""
    left = list(exporters)
    for look in looks:
        if not left or (verdicts := _verdicts(ask, look, left)) is None:
            return []
        left = [each for each in left if (verdicts[each.pk] is not None) is down]
    return left


def _tell_down(ask: Ask, exporters: list[Exporter], verdicts: Verdicts, now: datetime) -> int:
    changed = _changed(exporters, now)
    down = [each for each in exporters if each.pk not in changed]
    faults = _faults(ask, [each for each in down if verdicts[each.pk] is Why.SOURCE_DOWN], now)
    news = 0
    for each in down:
        facts = {"since": now - DOWN, "why": verdicts[each.pk], "fault": faults.get(each.pk, "")}
        news += _tell(SOURCE_DOWN.name, each, facts, now)
    return news


def _changed(exporters: Collection[Exporter], now: datetime) -> set[int]:
    """Return those that were changed of late, or their platform: switched on again, perhaps.

    What Prometheus holds of the time before says nothing of them.
    """
    if not exporters:
        return set()
    by_type = {
        "exporters.exporter": {str(each.pk) for each in exporters},
        "platforms.platform": {str(each.platform_id) for each in exporters},
    }
    wanted = Q()
    for target_type, numbers in by_type.items():
        wanted |= Q(target_type=target_type, target_id__in=numbers)
    lines = AuditEntry.objects.filter(wanted, action=Action.CHANGED, at__gt=now - DOWN)
    found = set(lines.values_list("target_type", "target_id"))  # unscoped: the tick sees all
    return {
        each.pk
        for each in exporters
        if ("exporters.exporter", str(each.pk)) in found
        or ("platforms.platform", str(each.platform_id)) in found
    }


def _faults(ask: Ask, exporters: list[Exporter], now: datetime) -> dict[int, str]:
    """Return what vendors did wrong most often of late, by the codes of faults."""
    some = exporters[:MOST_EXPLAINED]
    if not some:
        return {}
    found = ask.window(condition.question(ask, some), now.timestamp(), now.timestamp(), LOOK)
    if isinstance(found, Outage):
        return {}
    held = [Sample(labels, value, at) for labels, points in found for at, value in points]
    return {
        pk: reason
        for pk, each in condition.read(ask.processes, some, held).items()
        for reason, _number in each.told.errors.most_common(1)
    }


def _tell(kind: str, exporter: Exporter, facts: Mapping[str, Any], now: datetime) -> bool:
    return announce(
        kind,
        platform=exporter.platform_id,
        about=exporter,
        facts=facts,
        key=str(exporter.pk),
        now=now,
    )
