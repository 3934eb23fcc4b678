"""How many messages ended how: counted with their ending, so that no count falls with old rows."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, QuerySet, Value, When

from .models import Delivery, DeliveryState, DeliveryTotal, NotificationChannel


def end_all(rows: "QuerySet[Delivery]", outcome: DeliveryState, **columns: Any) -> None:
    """End messages, and count them with it."""
    if not rows.exists():
        return
    with transaction.atomic():
        ending = dict(rows.select_for_update(skip_locked=True).values_list("pk", "channel"))
        Delivery.objects.filter(pk__in=ending).update(state=outcome, lease_until=None, **columns)
        channels = NotificationChannel.objects.filter(pk__in=set(ending.values()))
        kinds = dict(channels.values_list("pk", "kind"))
        for kind, number in sorted(Counter(kinds[pk] for pk in ending.values()).items()):
            count(kind, outcome, number)


def count(kind: str, outcome: DeliveryState, number: int) -> None:
    """Add to the total, last in the transaction of the ending: others wait for its row."""
    rows = DeliveryTotal.objects.filter(channel_kind=kind, outcome=outcome)
    more = {"messages": F("messages") + number}
    if not rows.update(**more):
        first = DeliveryTotal(channel_kind=kind, outcome=outcome)
        DeliveryTotal.objects.bulk_create([first], ignore_conflicts=True)
        rows.update(**more)


def by_state() -> "QuerySet[Any, Any]":
    """Return kind of channel, state and number of messages: those to arrive, and all that ended.

    One statement, whose price does not grow with what ended. What waits for the end of quiet hours
    fails nobody, however long it does: it is COLLECTING, also where it was tried before.
    """
    quiet = When(
        state=DeliveryState.RETRYING,
        quiet_since__isnull=False,
        then=Value(DeliveryState.COLLECTING.value),
    )
    rows = Delivery.objects.unfinished().order_by().annotate(shown=Case(quiet, default=F("state")))
    waiting = rows.values_list("channel__kind", "shown").annotate(messages=Count("pk"))
    totals = DeliveryTotal.objects.values_list("channel_kind", "outcome", "messages")
    counted: QuerySet[Any, Any] = waiting.union(totals, all=True)
    return counted
