"""Finding out what became of commands in doubt: unknown ones that may have been sent or not."""

from collections.abc import Iterable
from datetime import datetime

from .gateways.shape import Report
from .models import SmsGateway


def report(gateway: SmsGateway, reports: Iterable[Report], now: datetime) -> int:
    """Write down what a gateway tells of messages by itself; return of how many."""
    return 0


def reconcile(now: datetime) -> int:
    """Look once for what is known of every command in doubt; return how many doubts ended."""
    return 0
