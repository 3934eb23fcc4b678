"""Asks all gateways what came in, each in a thread of its own: one that hangs delays no other."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError, InterfaceError, connection

from . import inbox
from .models import SmsGateway

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8


def poll_all() -> int:
    """Poll every gateway that is enabled; return how many messages are new."""
    gateways = list(SmsGateway.objects.filter(enabled=True).order_by("pk"))
    if not gateways:
        return 0
    with ThreadPoolExecutor(min(len(gateways), AT_ONCE), thread_name_prefix="inbox") as threads:
        return sum(threads.map(_poll, gateways))


def _poll(gateway: SmsGateway) -> int:
    try:
        return inbox.poll(gateway)
    except (DatabaseError, InterfaceError) as error:
        # The next poll brings the same messages; the other gateways go on.
        logger.warning("Gateway %s is polled again later: %s.", gateway.pk, type(error).__name__)
        return 0
    finally:
        connection.close()
