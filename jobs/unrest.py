"""Where so many players are bad, or unknown for a while, that a brake may have to engage.

Asked of all platforms at once, whether or not an action is due: a brake that looks only then does
not know that half a fleet was bad a minute ago. Names platforms to be counted; decides nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Count, F

from exporters.models import Player

from . import brake, braking
from .models import Clock, Track
from .tracks import LONGEST_GAP

Domain = tuple[int, int | None]  # a platform, and an exporter or none
#: Part of a brake's limit from which on it is worth a count: of players that are not asked about,
#: which no brake counts, three may stand beside one that is.
MARGIN: Final = 4


def platforms(now: datetime) -> set[int]:
    """Return the platforms whose brakes are to be counted now: a fixed number of queries."""
    criteria = set(braking.acting_jobs().values_list("criterion", flat=True))
    found = _silent(criteria, now)
    bad = Track.objects.filter(
        criterion__in=criteria, seen_good=True, player__retired_at=None,
        player__exporter__enabled=True,
    ).exclude(Track.AT_REST)  # fmt: skip
    rows = bad.exclude(platform__in=found).order_by().values_list("platform", "player__exporter")
    restless: dict[Domain, int] = {
        (platform, exporter): number
        for platform, exporter, number in rows.annotate(n=Count("player", distinct=True))
    }
    told = _told({platform for platform, _exporter in restless}, now)
    for counted in (restless, _of_platforms(restless)):
        of_domains = told if counted is restless else _of_platforms(told)
        found |= {domain[0] for domain, n in counted.items() if _is_much(n, of_domains[domain])}
    return found


def _is_much(restless: int, told: int) -> bool:
    return restless > max(brake.LEAST, told * brake.PERCENT // 100 // MARGIN)


def _of_platforms(numbers: Mapping[Domain, int]) -> Counter[Domain]:
    """Add up what was counted by exporter."""
    found: Counter[Domain] = Counter()
    for (platform, _exporter), number in numbers.items():
        found[platform, None] += number
    return found


def _told(platform_ids: Collection[int], now: datetime) -> Counter[Domain]:
    """Return by exporter how many players had a status within the time that counts."""
    late = now - braking.WELL_WITHIN
    rows = Player.objects.enrolled().filter(platform__in=platform_ids, last_seen__gte=late)
    counted = rows.order_by().values_list("platform", "exporter").annotate(n=Count("pk"))
    return Counter({(platform, exporter): n for platform, exporter, n in counted})


def _silent(criteria: Collection[int], now: datetime) -> set[int]:
    """Return the platforms with sources that have not been known for some slots.

    A restart of Prometheus is no outage after which a vendor's players come back one by one.
    """
    rows = Clock.objects.filter(
        criterion__in=criteria,
        known=False,
        exporter__enabled=True,
        at__gte=now - brake.LONGEST_GAP,
        known_since__lte=F("slot") - LONGEST_GAP,
    )
    return set(rows.values_list("platform", flat=True))
