"""One HTTP request to a gateway, and what the end of it proves.

Repeats nothing and follows nothing. No log, reason or repr of it holds a secret, a phone or a text.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from devices.phones import PhoneError, PhoneFormat, written
from exporters.kinds.shape import marked as _
from platforms.outbound import LONGEST_ADDRESS, Answer, OutboundError, allowed, fetch

from .shape import (
    NOTHING,
    Account,
    GatewayError,
    Outcome,
    Outgoing,
    Reason,
    Sent,
    SettingsError,
)

CONNECT = 3.0  # seconds for name, connection and TLS
TOTAL = 15.0  # seconds for all of a request
LIMIT = 64 * 1024  # bytes of an answer to one message
INBOX_LIMIT = 4 * 1024 * 1024

logger = logging.getLogger(__name__)

# What HTTP itself defines as "not done": RFC 9110 section 15.5, RFC 6585 section 4. Not among them
# 408 and 409, which are told of requests that were taken, and everything from 500 on.
REFUSALS: Mapping[int, Reason] = {
    400: Reason.DECLINED,
    401: Reason.CREDENTIALS,
    402: Reason.DECLINED,
    403: Reason.CREDENTIALS,
    404: Reason.NOT_FOUND,
    405: Reason.NOT_FOUND,
    413: Reason.DECLINED,
    414: Reason.TOO_LONG,
    415: Reason.DECLINED,
    422: Reason.DECLINED,
    429: Reason.TOO_MANY,
}
# The message itself is to blame; whoever sends it again gets the same answer.
_FOR_EVER = frozenset({400, 413, 414, 422})
_FAILURES = {
    "not_allowed": Reason.ADDRESS,
    "bad_url": Reason.ADDRESS,
    "bad_header": Reason.SETTINGS,
    "dns": Reason.DNS,
    "refused": Reason.REFUSED,
    "tls": Reason.TLS,
    "timeout": Reason.TIMEOUT,
    "redirect": Reason.REDIRECT,
    "too_large": Reason.TOO_LARGE,
}
_SAMPLE = Outgoing("00000000-0000-0000-0000-000000000000", "+79000000000", "#07#", 300)


class Request(NamedTuple):
    """One request below the address of the account. Holds secrets: never log it."""

    url: str
    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: Mapping[str, str] = NOTHING
    body: bytes | None = None

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        return f"Request({self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]})"


Ask = Callable[[Account, Outgoing], Request]
Judge = Callable[[Account, Outgoing, Answer], Sent]


def sending(ask: Ask, judge: Judge) -> Callable[[Account, Outgoing], Sent]:
    """Make a driver's `send`: ask once, judge the answer, and never raise."""

    def send(account: Account, outgoing: Outgoing) -> Sent:
        try:
            if not _fit_to_send(outgoing.text):
                return Sent(Outcome.REJECTED, Reason.TEXT, permanent=True)
            request = ask(account, outgoing)
        except SettingsError:
            return Sent(Outcome.REJECTED, Reason.SETTINGS)
        except PhoneError:
            return Sent(Outcome.REJECTED, Reason.PHONE, permanent=True)
        # Whatever it is, nothing has gone out yet.
        except Exception as error:  # noqa: BLE001
            return _fault(Outcome.REJECTED, error)
        if len(request.url) > LONGEST_ADDRESS:
            return Sent(Outcome.REJECTED, Reason.TOO_LONG, permanent=True)
        try:
            return judge(account, outgoing, _fetched(account, request, LIMIT))
        except OutboundError as error:
            outcome = Outcome.REJECTED if error.unsent else Outcome.UNKNOWN
            return Sent(outcome, _reason(error))
        # The message may be out: no fault of ours may deny that.
        except Exception as error:  # noqa: BLE001
            return _fault(Outcome.UNKNOWN, error)

    return send


def checking(ask: Ask) -> Callable[[Account], None]:
    """Make a driver's `check`, which asks whether a message could be sent with an account."""

    def check(account: Account) -> None:
        if not allowed(account.address, [account.address]):
            raise SettingsError(_("address has to begin with http:// or https://, without a user."))
        request = ask(account, _SAMPLE)
        if not allowed(request.url, [account.address]):
            raise SettingsError(_("address and path lead to another place than the address alone."))
        for value in request.headers.values():
            if not value.isascii() or not value.isprintable():
                raise SettingsError(_("secret has a character that a header cannot hold."))

    return check


def asked(account: Account, request: Request, limit: int = LIMIT) -> Answer:
    """Ask a question that changes nothing; raise GatewayError where there is no answer."""
    try:
        return _fetched(account, request, limit)
    except OutboundError as error:
        raise GatewayError(_reason(error)) from None


def judged(answer: Answer, refusals: Mapping[int, Reason] = REFUSALS) -> Sent:
    """Judge by the status alone: a success accepts, a documented refusal proves, all else does not.

    A page for people is no answer of a gateway: routers and proxies show theirs with status 200.
    """
    status = answer.status
    if 200 <= status < 300:
        if is_page(answer.body):
            return Sent(Outcome.UNKNOWN, Reason.ODD_ANSWER, status=status)
        return Sent(Outcome.ACCEPTED, Reason.ACCEPTED, status=status)
    if status in refusals:
        permanent = status in _FOR_EVER
        return Sent(Outcome.REJECTED, refusals[status], status=status, permanent=permanent)
    return Sent(Outcome.UNKNOWN, reason_of(status), status=status)


def reason_of(status: int) -> Reason:
    """Return why an answer with this status is not the one that was asked for."""
    if status >= 500:
        return Reason.SERVER_ERROR
    return REFUSALS.get(status, Reason.ODD_STATUS)


def is_page(body: bytes) -> bool:
    """Tell whether an answer is HTML."""
    return body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))


def below(account: Account, path: str) -> str:
    """Return an address below that of the account; raise SettingsError where there can be none."""
    if not account.address:
        raise SettingsError(_("address is not set."))
    if "?" in account.address:
        raise SettingsError(_("address may not have a question mark: it is extended."))
    return account.address.rstrip("/") + path


def number(account: Account, outgoing: Outgoing, usual: PhoneFormat) -> str:
    """Return the number as the gateway wants it; raise PhoneError for what is none."""
    return written(outgoing.phone, PhoneFormat(account.settings.get("phone_format") or usual))


def _fetched(account: Account, request: Request, limit: int) -> Answer:
    return fetch(
        request.url,
        bases=[account.address],
        deadline=TOTAL,
        connect=CONNECT,
        limit=limit,
        method=request.method,
        headers=request.headers,
        body=request.body,
    )


def _fit_to_send(text: str) -> bool:
    """Tell whether a text can go on the wire: no NUL, no half of a surrogate pair."""
    return not any(mark == "\x00" or "\ud800" <= mark <= "\udfff" for mark in text)


def _reason(error: OutboundError) -> Reason:
    if error.code == "timeout" and error.unsent:
        return Reason.NO_CONNECTION
    return _FAILURES.get(error.code, Reason.BROKEN)


def _fault(outcome: Outcome, error: Exception) -> Sent:
    # The kind of error alone: its words can hold what was to be sent.
    logger.error(
        "sending failed by a fault (%s), counted as %s", type(error).__name__, outcome.value
    )
    return Sent(outcome, Reason.FAULT)
