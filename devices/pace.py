"""How long things take on the road of a command. Pure."""

from datetime import timedelta

from .moves import Limits

WIRE = timedelta(seconds=15)  # the whole request to a gateway
TTL = timedelta(seconds=60)  # how long a gateway may go on trying, where its driver can tell it so
LEASE = timedelta(seconds=60)
# Of a player after its power was switched: the socket obeys within a minute, the player boots and
# logs in at its vendor within two more, and the vendor is polled twice a minute.
BOOT = timedelta(minutes=3)
RECOVERED = timedelta(minutes=2)  # online for so long without a break: four polls, no flicker
PATIENCE = timedelta(minutes=10)  # offline still: as long as the line's cooldown, so that the
# next attempt need not wait for the verdict on this one
EVIDENCE = timedelta(minutes=20)  # the line is held meanwhile: twice the patience, not longer
# The most that networks take for a message, but for days on which they fail.
SMS_TAKES = timedelta(hours=1)
CLOCKS = timedelta(minutes=1)  # by which the clocks of gateways and networks may be behind ours
LIMITS = Limits(
    lease=LEASE,
    freshness=timedelta(seconds=3),
    window=LEASE + WIRE + TTL,
    reply=timedelta(minutes=10),
    evidence=EVIDENCE,
    tries=3,
)
COOLDOWN = timedelta(minutes=10)  # of a line, after it was switched off in any way
LIFE = timedelta(minutes=15)  # from the wish to the last moment at which it may be sent
_FIRST, _LONGEST = timedelta(seconds=15), timedelta(minutes=10)


def pause_before(tries: int) -> timedelta:
    """Return how long to wait before another try: 15 s, doubled each time, up to 10 minutes."""
    return min(_FIRST * (1 << min(max(tries - 1, 0), 10)), _LONGEST)
