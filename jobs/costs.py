"""What an attempt of a job would cost in SMS, and how many jobs may still send. Decides nothing.

A few statements for a page, whatever the number of players: one line of each model speaks for all.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Min

from devices import ledger
from devices.models import Binding, CommandTemplate, DeviceLine, Span
from devices.senders import Sender

from .definition import Definition
from .orders import Order, Orders


class Left(NamedTuple):
    """How many SMS jobs may still send, in the span in which that is fewer."""

    sms: int
    span: Span


class Costs(NamedTuple):
    """SMS of one attempt, by the rungs and sockets where it costs least and most.

    `left` is None where nothing limits the platform.
    """

    least: int
    most: int
    left: Left | None

    def suffices_for(self, players: int) -> bool:
        """Tell whether an attempt on so many players finds room, be it the dearest."""
        return self.left is None or players * self.most <= self.left.sms


def of(definition: Definition, now: datetime) -> Costs | None:
    """Return what an attempt costs; None where no rung can be sent to any of its sockets."""
    found = list(_segments(definition, now))
    if not found:
        return None
    return Costs(min(found), max(found), _left(definition, now))


def _segments(definition: Definition, now: datetime) -> Iterator[int]:
    hung = Binding.objects.filter(player__in=definition.selection.rows(), ended_at=None)
    speakers = hung.order_by().values("line__device__model").annotate(speaks=Min("line"))
    lines = DeviceLine.objects.filter(pk__in=speakers.values("speaks"))
    wanted = {each.template_id for each in definition.rungs if each.template_id is not None}
    # unscoped: checked with the rest of the definition, and of the sockets' own models alone
    templates = CommandTemplate.objects.select_related("model").in_bulk(wanted)
    make, nobody = Orders(now), Sender.job("")
    for line in lines.select_related("device__model", "device__platform"):
        for each in definition.rungs:
            template = templates.get(each.template_id or 0)
            order = make.with_values(each.action, template, each.parameters, line, nobody)
            if isinstance(order, Order):
                yield order.wish.segments


def _left(definition: Definition, now: datetime) -> Left | None:
    rooms = ledger.rooms([definition.platform], now)[definition.platform.pk]
    limited = (Left(left, each.span) for each in rooms if (left := each.left_to_jobs) is not None)
    return min(limited, default=None, key=lambda each: each.sms)
