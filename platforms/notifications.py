"""Telling people: `announce` writes down what happened, `deliver` sends it to the channels.

At least once: a message whose answer was lost is sent again. Nothing here is on the road of a
command, and nothing of it may stop one.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from . import channel_wire, deliveries, notice_documents, notice_texts
from .announcements import announce, end
from .channel_wire import Outcome, Told
from .deliveries import Claim
from .keyring import KeyRingError
from .models import ChannelKind

__all__ = ["announce", "deliver", "end"]

logger = logging.getLogger(__name__)

AT_ONCE = 4  # messages on the wire: one that hangs holds up no other
LASTS = timedelta(seconds=60)  # after this nothing new is begun, so that a tick ends


def deliver(now: datetime) -> int:
    """Send what is due and return how many messages arrived. Safe to call again at any time.

    1. Hand notices to the channels. 2. Note what waits for the end of quiet hours. 3. Claim a
    message. 4. Send it, in a thread that touches no database. 5. Record. Whatever is left over, or
    lost with this process, waits for the next call.
    """
    started = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - started)

    deliveries.tidy(now)
    deliveries.spread(now)
    with_hours = deliveries.hold(now)
    arrived = 0
    on_the_wire: dict[Future[Told], Claim] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notices") as threads:
        while True:
            while len(on_the_wire) < AT_ONCE and clock() < now + LASTS:
                claimed = deliveries.claim(clock(), with_hours)
                if claimed is None:
                    break
                on_the_wire[_begin(threads, claimed, clock())] = claimed
            if not on_the_wire:
                return arrived
            for ended in wait(on_the_wire, return_when=FIRST_COMPLETED).done:
                told = ended.result()
                deliveries.record(on_the_wire.pop(ended), told, clock())
                arrived += told.outcome is Outcome.SENT


def _begin(threads: ThreadPoolExecutor, claimed: Claim, now: datetime) -> "Future[Told]":
    """Read and write all that is needed here; the thread gets a message and where it goes."""
    channel = claimed.delivery.channel
    try:
        post = channel_wire.post_of(channel)
        told = deliveries.items_of(claimed.delivery)
        message = notice_texts.compose(channel, told)
        if channel.kind == ChannelKind.WEBHOOK:
            number = claimed.delivery.pk
            message = notice_documents.with_document(
                message, channel, told, now, delivery_id=number
            )
    except KeyRingError:
        return _known(Told(Outcome.FAILED, "key_ring"))
    except (KeyError, TypeError, ValueError) as error:
        # Facts of an older release: one message that cannot be written must not stop the others.
        logger.error("Delivery %s cannot be written: %r", claimed.delivery.pk, error)
        return _known(Told(Outcome.FAILED, "text"))
    return threads.submit(channel_wire.send, post, message)


def _known(told: Told) -> "Future[Told]":
    done: Future[Told] = Future()
    done.set_result(told)
    return done
