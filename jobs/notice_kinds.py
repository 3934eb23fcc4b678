"""What jobs have to tell, and in which words. `about` is the player, of a brake its exporter.

Of missed runs it is the job itself.

Facts of an episode: `job` its name, `since`; of an action also `attempt`, `of`, `command`. What is
called otherwise in each language is in `job_names` and `command_names`, of old rows in neither.
"""

from collections.abc import Mapping

from django.utils.translation import get_language, gettext as _, gettext_lazy, ngettext

from platforms.notice_kinds import REPEAT, NoticeKind, Severity, Told
from platforms.roles import Deed

from .verdicts import Why


def called(name: str, names: Mapping[str, str]) -> dict[str, object]:
    """Return the facts by which a notice names a job to readers of every language."""
    return {"job": name, "job_names": dict(names)}


def _named(told: Told, fact: str) -> str:
    """Return how the reader calls a job or a command."""
    names = told.facts.get(f"{fact}_names") or {}
    return str(names.get(get_language()) or told.facts.get(fact, ""))


def _facts(told: Told) -> dict[str, str]:
    """Return what every sentence of an episode is made of."""
    facts = {name: str(told.facts.get(name, "")) for name in ("attempt", "of", "attempts")}
    facts |= {name: _named(told, name) for name in ("job", "command")}
    return facts | {"name": told.name, "since": told.moment(str(told.facts.get("since", "")))}


def _opened(told: Told) -> str:
    return _("%(name)s: what “%(job)s” watches for has held since %(since)s.") % _facts(told)


def _recovered(told: Told) -> str:
    return _("%(name)s is well again under “%(job)s”.") % _facts(told)


def _acted(told: Told) -> str:
    text = _("%(name)s: “%(job)s” sends “%(command)s”, attempt %(attempt)s of %(of)s.")
    return text % _facts(told)


def _exhausted(told: Told) -> str:
    return _(
        "%(name)s is still bad: “%(job)s” has made all its attempts (%(attempts)s). It does "
        "nothing more; somebody has to look."
    ) % _facts(told)


def _approval(told: Told) -> str:
    facts = _facts(told) | {"until": told.moment(str(told.facts.get("until", "")))}
    return _("%(name)s: “%(job)s” asks whether to send “%(command)s”, until %(until)s.") % facts


def _brake(told: Told) -> str:
    facts = {key: told.facts.get(key, "") for key in ("bad", "enrolled", "limit")}
    return _(
        "%(name)s: jobs begin nothing there, because %(bad)s of %(enrolled)s players are bad or "
        "unknown at once (more than %(limit)s). That is hardly each of them by itself: look at the "
        "vendor, the network and the power."
    ) % {**facts, "name": told.name or _("The platform")}


def _released(told: Told) -> str:
    name = told.name or _("The platform")
    if int(told.facts.get("bad", 0)) > int(told.facts.get("limit", 0)):
        # It let go all the same: nobody counts there any more.
        return _("%(name)s: no job that acts watches players there any more.") % {"name": name}
    return _("%(name)s: so few players are bad again that jobs act.") % {"name": name}


def _missed(told: Told) -> str:
    number = int(told.facts.get("missed", 1))
    text = ngettext(
        "“%(name)s” missed %(number)d run, that of %(due)s: jobs were not judged then. It is not "
        "made up for; the next one is at %(next)s.",
        "“%(name)s” missed %(number)d runs, the first of %(due)s: jobs were not judged then. They "
        "are not made up for; the next one is at %(next)s.",
        number,
    )
    times = {name: told.moment(str(told.facts.get(name) or "")) for name in ("due", "next")}
    return text % {"name": _named(told, "job") or told.name, "number": number, **times}


def _blind(told: Told) -> str:
    return _(
        "Jobs have judged nothing since %(since)s: no job acts, and nobody is told of players that "
        "are bad. %(why)s"
    ) % {
        "since": told.moment(str(told.facts.get("since", ""))),
        "why": next((str(why) for why in Why if why.value == told.facts.get("why")), ""),
    }


def _sees(told: Told) -> str:
    return _("Jobs judge players again.")


OPENED = NoticeKind(
    "opened", gettext_lazy("A job found a bad player"), Severity.WARNING, _opened, repeat=REPEAT
)
RECOVERED = NoticeKind(
    "recovered",
    gettext_lazy("A player is well again"),
    Severity.INFO,
    _recovered,
    ends=OPENED.name,
)
ACTED = NoticeKind("acted", gettext_lazy("A job acts"), Severity.INFO, _acted)
EXHAUSTED = NoticeKind(
    "exhausted",
    gettext_lazy("A job could not help a player"),
    Severity.CRITICAL,
    _exhausted,
    repeat=REPEAT,
)
APPROVAL = NoticeKind(
    "approval",
    gettext_lazy("A job asks for approval"),
    Severity.WARNING,
    _approval,
    deed=Deed.SEND_ASSIGNED,
)
BRAKE = NoticeKind(
    "brake", gettext_lazy("The brake of jobs"), Severity.CRITICAL, _brake, repeat=REPEAT
)
RELEASED = NoticeKind(
    "brake_released",
    gettext_lazy("The brake of jobs is released"),
    Severity.INFO,
    _released,
    ends=BRAKE.name,
)
MISSED = NoticeKind(
    "schedule_missed", gettext_lazy("Runs of a schedule were missed"), Severity.WARNING, _missed
)
ENGINE_BLIND = NoticeKind(
    "engine_blind",
    gettext_lazy("Jobs judge nothing"),
    Severity.CRITICAL,
    _blind,
    repeat=REPEAT,
    deed=Deed.SEE,
)
ENGINE_SEES = NoticeKind(
    "engine_sees",
    gettext_lazy("Jobs judge again"),
    Severity.INFO,
    _sees,
    ends=ENGINE_BLIND.name,
)

ALL = (
    *(OPENED, RECOVERED, ACTED, EXHAUSTED, APPROVAL),
    *(BRAKE, RELEASED, MISSED, ENGINE_BLIND, ENGINE_SEES),
)
