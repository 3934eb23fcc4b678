"""What sockets, gateways and budgets have to tell, and in which words."""

from datetime import timedelta

from django.utils.translation import gettext as _, gettext_lazy, ngettext

from platforms.notice_kinds import REPEAT, NoticeKind, Severity, Told
from platforms.roles import Deed

from .gateways.shape import Reason

JOBS_STOP = 80  # percent of a limit, at which jobs send no more


def _budget(told: Told) -> str:
    facts = {name: told.facts.get(name, "") for name in ("percent", "taken", "limit", "starts")}
    if told.facts.get("span") == "month":
        text = _("%(percent)s %% of the SMS of the month are used: %(taken)s of %(limit)s.")
    else:
        text = _("%(percent)s %% of the SMS of %(starts)s are used: %(taken)s of %(limit)s.")
    return f"{text % facts} {_what_follows(told.facts.get('threshold'))}"


def _what_follows(threshold: object) -> str:
    if threshold == 100:
        return _(
            "Nothing more is sent, but for switching on again what a command had switched off."
        )
    if threshold == JOBS_STOP:
        return _("Jobs send no more; the rest is kept for people.")
    return _("People can send what is left.")


def _gateway_down(told: Told) -> str:
    facts = {
        "name": told.name,
        "reason": next((str(r) for r in Reason if r.value == told.facts.get("reason")), ""),
        "since": told.moment(str(told.facts.get("since", ""))),
    }
    if told.facts.get("part") == "inbox":
        return _("The gateway %(name)s tells no incoming messages since %(since)s: %(reason)s") % (
            facts
        )
    return _("The gateway %(name)s takes no messages since %(since)s: %(reason)s") % facts


def _gateway_back(told: Told) -> str:
    return _("The gateway %(name)s works again.") % {"name": told.name}


def _socket_silent(told: Told) -> str:
    days = int(told.facts.get("days", 0))
    return ngettext(
        "The socket %(name)s was asked and has not answered for %(days)s day. Its last message "
        "came %(heard)s.",
        "The socket %(name)s was asked and has not answered for %(days)s days. Its last message "
        "came %(heard)s.",
        days,
    ) % {
        "name": told.name,
        "days": days,
        "heard": told.moment(str(told.facts.get("heard", ""))),
    }


def _socket_back(told: Told) -> str:
    return _("The socket %(name)s answers again.") % {"name": told.name}


def _line_dark(told: Told) -> str:
    tries = int(told.facts.get("tries", 0))
    return ngettext(
        "Without power: the socket %(name)s was switched off %(since)s, and the command that "
        "switches it on again could not be delivered in %(tries)s try. It goes on being tried.",
        "Without power: the socket %(name)s was switched off %(since)s, and the command that "
        "switches it on again could not be delivered in %(tries)s tries. It goes on being tried.",
        tries,
    ) % {
        "name": told.name,
        "since": told.moment(str(told.facts.get("since", ""))),
        "tries": tries,
    }


def _line_lit(told: Told) -> str:
    return _("The command that switches the socket %(name)s on again is on its way.") % {
        "name": told.name
    }


_RUNNING_OUT = gettext_lazy("SMS budget is running out")
_BUDGET = "sms_budget"

BUDGET_KINDS = {
    80: NoticeKind(_BUDGET, _RUNNING_OUT, Severity.WARNING, _budget),
    95: NoticeKind("sms_budget_95", _RUNNING_OUT, Severity.WARNING, _budget, group=_BUDGET),
    100: NoticeKind(
        "sms_budget_100",
        gettext_lazy("SMS budget is used up"),
        Severity.CRITICAL,
        _budget,
        group=_BUDGET,
    ),
}
GATEWAY_DOWN = NoticeKind(
    "gateway_down",
    gettext_lazy("SMS gateway down"),
    Severity.CRITICAL,
    _gateway_down,
    repeat=REPEAT,
    deed=Deed.SEND_ASSIGNED,  # whose commands wait meanwhile
)
GATEWAY_BACK = NoticeKind(
    "gateway_back",
    gettext_lazy("SMS gateway works again"),
    Severity.INFO,
    _gateway_back,
    ends=GATEWAY_DOWN.name,
    deed=Deed.SEND_ASSIGNED,
)
SOCKET_SILENT = NoticeKind(
    "socket_silent",
    gettext_lazy("Socket is silent"),
    Severity.WARNING,
    _socket_silent,
    repeat=timedelta(days=1),  # it was silent for days already
)
SOCKET_BACK = NoticeKind(
    "socket_back",
    gettext_lazy("Socket answers again"),
    Severity.INFO,
    _socket_back,
    ends=SOCKET_SILENT.name,
)
LINE_DARK = NoticeKind(
    "line_dark",
    gettext_lazy("Players are left without power"),
    Severity.CRITICAL,
    _line_dark,
    repeat=REPEAT,
)
LINE_LIT = NoticeKind(
    "line_lit",
    gettext_lazy("Power is being switched on again"),
    Severity.INFO,
    _line_lit,
    ends=LINE_DARK.name,
)

ALL = (
    LINE_DARK,
    LINE_LIT,
    *BUDGET_KINDS.values(),
    GATEWAY_DOWN,
    GATEWAY_BACK,
    SOCKET_SILENT,
    SOCKET_BACK,
)
