"""Kannel and gateways with its `sendsms` address: one GET with everything in the query.

The manual: 202 accepts, now or later; any 4xx means that the message cannot be delivered in any
circumstances; 503 is a failure that passes, of which it does not say that nothing was taken.
"""

from urllib.parse import urlencode

from django.utils.translation import gettext_lazy

from devices.phones import PhoneFormat
from devices.segments import Encoding, cost
from exporters.kinds.shape import Setting, SettingType, marked as _
from platforms.outbound import Answer

from .phone_setting import phone_format
from .shape import Account, Driver, Outgoing, Reason, Sent, SettingsError
from .wire import REFUSALS, Request, checking, judged, number, sending

# 408, 425 and 499 come from servers in front of it and tell of a request that was passed on.
_REFUSALS = {
    status: REFUSALS.get(status, Reason.DECLINED)
    for status in range(400, 500)
    if status not in (408, 425, 499)
}
_CODING = {Encoding.GSM7: "0", Encoding.UCS2: "2"}


def _ask(account: Account, outgoing: Outgoing) -> Request:
    login = account.settings.get("login")
    if not account.address:
        raise SettingsError(_("address is not set."))
    if not login or not account.secret:
        raise SettingsError(_("login and secret are both needed."))
    values = {
        "username": login,
        "password": account.secret,
        "to": number(account, outgoing, PhoneFormat.E164),
        "text": outgoing.text,
        "charset": "UTF-8",
        "coding": _CODING[cost(outgoing.text).encoding],
        "validity": str(max(1, outgoing.ttl // 60)),  # minutes
    }
    for name, key in (("sender", "from"), ("smsc", "smsc")):
        if value := account.settings.get(name):
            values[key] = value
    mark = "&" if "?" in account.address else "?"
    return Request(f"{account.address}{mark}{urlencode(values)}")


def _judge(_account: Account, _outgoing: Outgoing, answer: Answer) -> Sent:
    sent = judged(answer, _REFUSALS)
    if answer.status == 403 and b"not routable" in answer.body[:1000].lower():
        return sent._replace(reason=Reason.DECLINED, permanent=True)
    return sent


DRIVER = Driver(
    name="kannel",
    title=gettext_lazy("Kannel"),
    send=sending(_ask, _judge),
    check=checking(_ask),
    settings=(
        Setting("login", _("login"), SettingType.TEXT, required=True),
        Setting(
            "sender",
            _("sender"),
            SettingType.TEXT,
            help=_("What the message is from, where the operator lets it be chosen."),
        ),
        Setting(
            "smsc",
            _("SMS centre"),
            SettingType.TEXT,
            help=_("The id of the connection that sends. Empty: Kannel chooses."),
        ),
        phone_format(PhoneFormat.E164),
    ),
    has_ttl=True,
)
