"""One signed JSON message to a program of one's own: where it may go, and posting it.

Reads no database and knows no channel: address, secret and body come as arguments.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

from . import outbound
from .apprise_process import Permits
from .channel_addresses import is_address, split_permits
from .outbound import OutboundError
from .signatures import signed

SHORTEST_SECRET = 16  # characters
LIMIT = 1024 * 1024  # bytes of an answer, of which nothing but the status is read
_CODES = {
    "bad_url": "bad_address",
    "not_allowed": "bad_address",
    "dns": "unreachable",
    "refused": "unreachable",
}


def problem_of(address: str) -> str:
    """Return the error code of an address, "" when messages may be tried there; asks nobody."""
    if not outbound.allowed(address, [address]):
        return "bad_address"
    parts, permits = urlsplit(address), _permits()
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme == "https" or host in permits.hosts or permits.grants(host):
        return ""
    # Of a name it is seen when it is asked whether it leads into a permitted network.
    return "" if permits.networks and not is_address(host) else "not_encrypted"


def post(address: str, secret: str, body: bytes, at: int, deadline: float) -> int:
    """Send one message within the deadline, signed at a moment in Unix seconds.

    Returns the status of the answer; raises OutboundError where there is none.
    """
    timestamp = str(at)
    headers = {
        "Content-Type": "application/json",
        "X-Timestamp": timestamp,
        "X-Signature": signed(body, timestamp, secret),
    }
    answer = outbound.fetch(
        address,
        bases=[address],
        deadline=deadline,
        limit=LIMIT,
        method="POST",
        headers=headers,
        body=body,
        permits=_permits_of(address),
    )
    return answer.status


def code_of(address: str, error: OutboundError) -> str:
    """Return the code by which people are told why a message found no answer."""
    if error.code == "forbidden_host" and urlsplit(address).scheme == "http":
        return "not_encrypted"
    return _CODES.get(error.code, error.code)


def may_pass(address: str, code: str) -> bool:
    """Tell whether another answer of the DNS would mend an error: names lead astray for a while."""
    by_name = not is_address(urlsplit(address).hostname or "")
    led_astray = code in ("forbidden_host", "not_encrypted")
    return led_astray and by_name and not problem_of(address)


def _permits() -> Permits:
    return Permits(*split_permits(settings.CHANNEL_HOSTS))


def _permits_of(address: str) -> Callable[[str], bool]:
    """Return what tells, of an IP address that the host led to, whether it may be asked."""
    parts, permits = urlsplit(address), _permits()
    if (parts.hostname or "").rstrip(".") in permits.hosts:
        return lambda _ip_address: True
    return permits.allows if parts.scheme == "https" else permits.grants
