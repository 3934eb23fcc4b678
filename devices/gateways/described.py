"""Any gateway that takes a message in one HTTP request: the request is described in the settings.

What is not described as a success or a refusal proves nothing. Received messages can be forwarded
to the webhook by a script.
"""

import json
import re
from collections.abc import Collection
from typing import Any, Literal, cast

from django.utils.translation import gettext_lazy

from devices.phones import PhoneFormat
from exporters.kinds.shape import marked as _
from platforms.outbound import Answer

from . import forwarded
from .described_settings import FORM, JSON, SETTINGS
from .placeholders import Values, in_address, in_form, in_json, in_line, names
from .shape import Account, Driver, Outcome, Outgoing, Reason, Sent, SettingsError
from .wire import REFUSALS, Request, below, checking, judged, number, sending

_KNOWN = frozenset({"phone", "text", "key", "ttl", "secret"})
# In a path they could lead elsewhere; a secret would stand in every log.
_IN_PATH = frozenset({"phone", "key", "ttl"})
_IN_HEADER = frozenset({"key", "ttl", "secret"})
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e]*)")
# Those that say where a request ends or goes are not for settings.
_NO_HEADERS = ("content-length", "transfer-encoding", "connection", "host", "expect", "upgrade")
_STATUS = re.compile(r"([24])(xx|[0-9]{2})")


def _ask(account: Account, outgoing: Outgoing) -> Request:
    settings = account.settings
    path, body = settings.get("path") or "", settings.get("body") or ""
    _check_statuses(account)
    values: Values = {
        "phone": number(account, outgoing, PhoneFormat.E164),
        "text": outgoing.text,
        "key": outgoing.key,
        "ttl": outgoing.ttl,
        "secret": account.secret,
    }
    if not path.startswith(("/", "?")) and path:
        raise SettingsError(_("path has to begin with a slash or a question mark."))
    if not set(names(path.partition("?")[0])) <= _IN_PATH:
        raise SettingsError(_("path may have {text} and {secret} behind a question mark only."))
    method = settings.get("method") or "POST"
    template, kind = _template(body, settings.get("body_format") or JSON)
    used = {*names(path), *names(template)}
    if not used <= _KNOWN:
        raise SettingsError(
            _("body or path has an unknown placeholder: {phone}, {text}, {key}, {ttl}, {secret}.")
        )
    if not {"phone", "text"} <= used:
        raise SettingsError(_("body or path have to hold {phone} and {text}."))
    if method == "GET" and body:
        raise SettingsError(_("body has to be empty for the method GET."))
    headers = _headers(account, values)
    payload = None
    if body:
        headers.setdefault("Content-Type", kind)
        filled = (
            in_form(body, values) if template is body else json.dumps(in_json(template, values))
        )
        payload = filled.encode()
    url = below(account, in_address(path, values))
    return Request(url, cast(Literal["GET", "POST", "PUT"], method), headers, payload)


def _template(body: str, body_format: str) -> tuple[Any, str]:
    """Return the body to be filled in, and its content type."""
    if not body or body_format == FORM:
        return body, "application/x-www-form-urlencoded; charset=utf-8"
    try:
        template = json.loads(body)
    except (ValueError, RecursionError):
        raise SettingsError(
            _('body is not JSON. Placeholders stand in quotes: "{text}".')
        ) from None
    if not isinstance(template, dict | list):
        raise SettingsError(_("body has to be an object or a list."))
    return template, "application/json"


def _headers(account: Account, values: Values) -> dict[str, str]:
    headers = {}
    for line in account.settings.get("headers") or ():
        match = _HEADER.fullmatch(line)
        if match is None or match[1].lower() in _NO_HEADERS or set(names(line)) - _IN_HEADER:
            raise SettingsError(_("headers takes lines such as Authorization: Bearer {secret}"))
        name = "Content-Type" if match[1].lower() == "content-type" else match[1]
        headers[name] = in_line(match[2], values)
    return headers


def _judge(account: Account, _outgoing: Outgoing, answer: Answer) -> Sent:
    settings, status = account.settings, answer.status
    body = answer.body.decode("utf-8", "replace")
    success_texts = settings.get("success_texts") or ()
    succeeds = any(text in body for text in success_texts)
    refuses = any(text in body for text in settings.get("refusal_texts") or ())
    if succeeds and refuses:
        return Sent(Outcome.UNKNOWN, Reason.ODD_ANSWER, status=status)
    if refuses:
        return Sent(Outcome.REJECTED, Reason.DECLINED, status=status)
    if 200 <= status < 300:
        lacks = bool(success_texts) and not succeeds
        if lacks or not _listed(status, settings.get("success_statuses") or ("2xx",)):
            return Sent(Outcome.UNKNOWN, Reason.ODD_ANSWER, status=status)
        if succeeds:
            return Sent(Outcome.ACCEPTED, Reason.ACCEPTED, status=status)
    refusals = settings.get("refusal_statuses")
    if not refusals:
        return judged(answer)
    known = (each for each in range(400, 500) if _listed(each, refusals))
    return judged(answer, {each: REFUSALS.get(each, Reason.DECLINED) for each in known})


def _listed(status: int, listed: Collection[str]) -> bool:
    return str(status) in listed or f"{status // 100}xx" in listed


def _check_statuses(account: Account) -> None:
    for name, first in (("success_statuses", "2"), ("refusal_statuses", "4")):
        for each in account.settings.get(name) or ():
            match = _STATUS.fullmatch(each)
            if match is None or match[1] != first:
                raise SettingsError(
                    _("success_statuses takes 2xx or 200 to 299, refusal_statuses 400 to 499.")
                )


DRIVER = Driver(
    name="described",
    title=gettext_lazy("Any HTTP gateway, by its description"),
    send=sending(_ask, _judge),
    check=checking(_ask),
    webhook=forwarded.webhook,
    settings=SETTINGS,
)
