"""The plain HTTP gateway: `POST send` with number and text, `GET sms` for what came in.

What is known of it comes from use: 200 with a text is an acceptance, messages have no id, a time
can be missing. Its refusals are documented nowhere, so that those count which HTTP itself defines.
"""

from urllib.parse import urlencode

from django.utils.translation import gettext_lazy

from devices.phones import PhoneFormat
from exporters.kinds.shape import Setting, SettingType, marked as _
from platforms.outbound import Answer

from . import forwarded, incoming
from .phone_setting import phone_format
from .shape import (
    Account,
    Driver,
    GatewayError,
    Outgoing,
    Reason,
    Received,
    Sent,
    SettingsError,
)
from .wire import (
    INBOX_LIMIT,
    Request,
    asked,
    below,
    checking,
    judged,
    number,
    reason_of,
    sending,
)

FORM, QUERY = "form", "query"
NOTHING_NEW = "no new sms"


def _ask(account: Account, outgoing: Outgoing) -> Request:
    values = {"number": number(account, outgoing, PhoneFormat.E164), "text": outgoing.text}
    told = urlencode(values)
    url, headers = below(account, "/send"), _authorization(account)
    if account.settings.get("parameters") == QUERY:
        return Request(f"{url}?{told}", "POST", headers)
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    return Request(url, "POST", headers, told.encode())


def _judge(_account: Account, _outgoing: Outgoing, answer: Answer) -> Sent:
    return judged(answer)


def _inbox(account: Account) -> tuple[Received, ...]:
    try:
        request = Request(below(account, "/sms"), headers=_authorization(account))
    except SettingsError:
        raise GatewayError(Reason.SETTINGS) from None
    answer = asked(account, request, INBOX_LIMIT)
    if answer.status != 200:
        raise GatewayError(reason_of(answer.status))
    value = incoming.value_of(answer.body)
    # A list that is missing is an empty one only where the gateway says so in words.
    says_none = isinstance(value, dict) and str(value.get("status")).strip().lower() == NOTHING_NEW
    if says_none and not value.get("sms_messages"):
        return ()
    return forwarded.messages(value)


def _authorization(account: Account) -> dict[str, str]:
    if not account.secret:
        raise SettingsError(_("secret is not set: enter the key of the gateway."))
    return {"Authorization": account.secret}


DRIVER = Driver(
    name="http",
    title=gettext_lazy("HTTP gateway"),
    send=sending(_ask, _judge),
    check=checking(_ask),
    inbox=_inbox,
    webhook=forwarded.webhook,
    settings=(
        Setting(
            "parameters",
            _("number and text go"),
            SettingType.CHOICE,
            help=_("In the address they would stand in the gateway's access log."),
            default=FORM,
            choices=((FORM, _("into a form")), (QUERY, _("into the address"))),
        ),
        phone_format(PhoneFormat.E164),
        forwarded.SIGNING_KEY,
    ),
)
