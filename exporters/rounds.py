"""One round over all that Prometheus knows of players: who there is, and when each was seen."""

import logging
from datetime import datetime

from . import discovery, sightings

logger = logging.getLogger(__name__)


def go(now: datetime, *, with_names: bool) -> None:
    """Do one round; what it found, or why it stopped, is a line in the log."""
    # First: a player that was listed just now is seen in the same round.
    found = discovery.discover(now)
    done = sightings.record(now, with_names)
    if found.exporters or found.outage:
        logger.log(logging.WARNING if found.outage else logging.INFO, "Discovery: %s", found)
    logger.log(logging.WARNING if done.outage else logging.INFO, "Sightings: %s", done)
