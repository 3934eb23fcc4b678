"""Enrolled players as rows of few columns: all of some sources, or those of some names."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from exporters.models import Player

NAMED_AT_ONCE = 500  # in one query, of as many sources at most


class Who(NamedTuple):
    """A player's row, as far as selections look at it."""

    pk: int
    site_id: int | None


def of_exporters(exporters: Collection[int]) -> dict[int, dict[str, Who]]:
    """Return every enrolled player of exporters, by exporter and identity."""
    if not exporters:
        return {}
    return _who(Player.objects.enrolled().filter(exporter_id__in=exporters))


def called(names: Mapping[int, Collection[str]]) -> dict[int, dict[str, Who]]:
    """Return the enrolled players of these identities, by exporter."""
    found: dict[int, dict[str, Who]] = defaultdict(dict)
    every = sorted((pk, name) for pk, mine in names.items() for name in mine)
    for start in range(0, len(every), NAMED_AT_ONCE):
        mine: dict[int, list[str]] = defaultdict(list)
        for pk, name in every[start : start + NAMED_AT_ONCE]:
            mine[pk].append(name)
        # Source by source: of every name under every source a database would ask its index.
        wanted = [Q(exporter_id=pk, identity__in=few) for pk, few in mine.items()]
        rows = Player.objects.enrolled().filter(reduce(or_, wanted))
        for exporter_id, people in _who(rows).items():
            found[exporter_id].update(people)
    return found


def _who(rows: QuerySet[Player, Any]) -> dict[int, dict[str, Who]]:
    found: dict[int, dict[str, Who]] = defaultdict(dict)
    columns = ("exporter_id", "identity", "pk", "site_id")
    for exporter_id, identity, pk, site_id in rows.values_list(*columns).iterator():
        found[exporter_id][identity] = Who(pk, site_id)
    return found
