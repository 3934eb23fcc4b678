"""Why a request to a foreign address brought no answer, in plain words. Asks nobody."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult

import pycurl  # type: ignore[import-untyped]
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class OutboundError(Exception):
    """A request that brought no answer; `permanent`: trying again changes nothing.

    `unsent`: provably not a byte of the request went out. Otherwise it may have been read.
    `status`: that of an answer that began and was not read to its end, else 0.
    """

    def __init__(
        self,
        code: str,
        message: StrOrPromise,
        *,
        permanent: bool,
        unsent: bool = False,
        status: int = 0,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.permanent = permanent
        self.unsent = unsent

    def __str__(self) -> str:
        return str(self.message)


def failure(code: int, parts: SplitResult, seconds: float, unsent: bool) -> OutboundError:
    """Say in plain words what libcurl's error number means."""
    if code == pycurl.E_OPERATION_TIMEDOUT:
        text = placed(
            _("{place} did not answer within {seconds} s."), parts, seconds=f"{seconds:g}"
        )
        return OutboundError("timeout", text, permanent=False, unsent=unsent)
    name, message = _FAILURES.get(code, ("broken", _BROKEN))
    permanent = name in ("tls", "bad_url")
    return OutboundError(name, placed(message, parts), permanent=permanent, unsent=unsent)


def too_large(limit: int, status: int) -> OutboundError:
    """Tell of an answer that was not read to its end."""
    text = format_lazy(_("The answer is larger than {limit} bytes and was not read."), limit=limit)
    return OutboundError("too_large", text, permanent=True, status=status)


def broken(parts: SplitResult) -> OutboundError:
    """Tell of an answer that is none."""
    return OutboundError("broken", placed(_BROKEN, parts), permanent=False)


def forbidden(parts: SplitResult) -> OutboundError:
    """Tell of a name that leads where nobody may be asked."""
    text = _("The address {place} leads into a private network and is not asked.")
    return OutboundError("forbidden_host", placed(text, parts), permanent=True, unsent=True)


_BROKEN = _("{place} broke the connection off or does not speak HTTP.")
_TLS = _("No secure connection to {place}: it does not speak TLS, or not a version we do.")
_FAILURES: Mapping[int, tuple[str, StrOrPromise]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("dns", _("The name in {place} is not known.")),
    pycurl.E_COULDNT_CONNECT: ("refused", _("Nobody answers at {place}: is the server running?")),
    pycurl.E_URL_MALFORMAT: ("bad_url", _("The address {place} cannot be used.")),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        "tls",
        _("The certificate of {place} is not trusted: expired, another name or authority."),
    ),
    pycurl.E_SSL_CACERT_BADFILE: (
        "tls",
        _("The CA certificate given for {place} cannot be read: PEM text is needed."),
    ),
    pycurl.E_SSL_CONNECT_ERROR: ("tls", _TLS),
    pycurl.E_SSL_CIPHER: ("tls", _TLS),
}


def redirected(parts: SplitResult, location: str) -> OutboundError:
    """Name the target without its query, which may hold a secret."""
    target = re.sub(r"[^\x21-\x7e]|//[^/@]*@", "", location.partition("?")[0])[:200] or "?"
    text = _("{place} sends on to {target}. Enter the address that it really has.")
    return OutboundError("redirect", placed(text, parts, target=target), permanent=True)


def placed(text: StrOrPromise, parts: SplitResult, **further: str) -> StrOrPromise:
    """Put in what of an address may be shown: neither path nor query."""
    return format_lazy(text, place=f"{parts.scheme}://{parts.netloc}", **further)
