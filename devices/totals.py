"""Counting commands by state at a price that does not grow: those long over were counted before.

A command that is over stays so and is never deleted, which the database holds; so each is counted
into the totals once, in the order of their numbers. Its only writer.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from .models import Command, CommandTotal
from .models.total import MARK

#: Numbers are given before a transaction commits: one that is lower may still come.
SETTLED: Final = timedelta(days=1)


def by_state() -> "QuerySet[Command, Any]":
    """Return state, how many are open and how many over; a state may come twice: one statement."""
    mark = CommandTotal.objects.filter(outcome=MARK).values("commands")
    # unscoped: figures of the whole installation, without a name
    rows = Command.objects.filter(pk__gt=Coalesce(Subquery(mark), Value(0))).order_by()
    fresh = rows.values_list("state").annotate(
        opened=Count("pk", filter=Q(closed=False)), ended=Count("pk", filter=Q(closed=True))
    )
    totals = CommandTotal.objects.exclude(outcome=MARK).order_by()
    counted: QuerySet[Command, Any] = fresh.union(
        totals.values_list("outcome", Value(0), "commands"), all=True
    )
    return counted


@transaction.atomic
def settle(now: datetime) -> int:
    """Count what is over for a day, up to the first command that is not; return how many."""
    CommandTotal.objects.bulk_create([CommandTotal(outcome=MARK)], ignore_conflicts=True)
    mark = CommandTotal.objects.select_for_update().get(outcome=MARK)
    behind = Command.objects.filter(pk__gt=mark.commands)
    unsettled = behind.filter(Q(closed=False) | Q(created_at__gte=now - SETTLED))
    first = unsettled.order_by("pk").values_list("pk", flat=True).first()
    settled = behind if first is None else behind.filter(pk__lt=first)
    last = settled.order_by("-pk").values_list("pk", flat=True).first()
    if last is None:
        return 0
    ended = settled.filter(pk__lte=last).order_by().values_list("state").annotate(Count("pk"))
    number = 0
    for state, commands in list(ended):
        CommandTotal.objects.bulk_create([CommandTotal(outcome=state)], ignore_conflicts=True)
        CommandTotal.objects.filter(outcome=state).update(commands=F("commands") + commands)
        number += commands
    CommandTotal.objects.filter(pk=mark.pk).update(commands=last)
    return number
