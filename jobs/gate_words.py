"""What a gate said, in one plain sentence: from the codes and values that are stored. Pure.

The only place of these words; gates.py has the codes, and a test holds the two together.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from .verdicts import Why


class Told(NamedTuple):
    """A sentence; since when it has been so and until when, where the gate knew that."""

    text: str
    since: datetime | None = None
    until: datetime | None = None


_TITLES: Mapping[str, Promise] = {
    "evidence": _("Is it bad now?"),
    "job": _("The job"),
    "late": _("In time?"),
    "acknowledged": _("Taken over?"),
    "pause": _("Pauses"),
    "hours": _("Operating hours"),
    "window": _("Maintenance"),
    "brake": _("Brake"),
    "binding": _("Line of a socket"),
    "device": _("Socket"),
    "mains": _("Power of the line"),
    "beside": _("Others on the line"),
    "in_flight": _("Under way?"),
    "cooldown": _("Cooldown"),
    "attempts": _("Attempts"),
    "budget": _("SMS budget"),
    "template": _("Command"),
    "rate": _("How many at once"),
    "approval": _("Approval"),
    "refused": _("Giving the command"),
}

# What devices say against a command, under any gate.
_OF_DEVICES: Mapping[str, Promise] = {
    "device": _("The socket is disabled or was taken out."),
    "reset_only": _("This socket may be restarted, but not switched off."),
    "gateway": _("There is no SMS gateway that could send this."),
    "line": _("The socket has no such line."),
    "in_flight": _("A command to this line is under way."),
    "cooldown": _("The line was switched a short time ago."),
    "budget": _("The SMS left to jobs are used up; the rest is kept for people."),
    "automation": _("Jobs may not send this command."),
    "role": _("Jobs may not command this socket."),
    "template": _("The socket has no such command."),
    "pause": _("The socket is paused."),
}

# By gate and code; of the brake by code and domain.
_SENTENCES: Mapping[str, Mapping[str, Promise]] = {
    "evidence": {
        "schedule": _("The schedule asks for it, however the player is."),
        "bad": _("The player is bad now."),
        "not_evaluated": _("Nobody looks at the player: jobs are not judged now."),
        "unknown": _("It is not known how the player is. Unknown is not taken for bad."),
        "unknown.why": _("It is not known how the player is: %(why)s. Unknown is not bad."),
        "recovering": _("The player is not bad now."),
        "once": _("The player was seen bad once; it has to be seen so twice in a row."),
    },
    "job": {
        "live": _("The job acts by itself."),
        "approve": _("The job acts once a person has approved."),
        "shadow": _("The job is in the shadow: it only records what it would do."),
        "removed": _("The job was removed."),
        "disabled": _("The job is disabled."),
        "platform": _("The platform is not active."),
        "version": _("The job was changed since; what was seen before does not count for it."),
        "player": _("The player was taken out."),
        "exporter": _("The exporter of the player is switched off."),
        "selection": _("The job is not about this player any more."),
    },
    "late": {
        "not_asked": _("It does not depend on a moment."),
        "in_time": _("It is in time."),
        "late": _("It is too late: the schedule meant an earlier time."),
    },
    "acknowledged": {
        "nobody": _("Nobody took it over."),
        "acknowledged": _("%(by)s took it over: the job leaves it alone."),
    },
    "pause": {
        "none": _("Nothing is paused."),
        "everything": _("Everything is paused by %(by)s: %(reason)s"),
        "platform": _("The platform is paused by %(by)s: %(reason)s"),
        "device": _("The socket is paused by %(by)s: %(reason)s"),
        "job": _("The job is paused by %(by)s: %(reason)s"),
    },
    "hours": {
        "always": _("The job may act at any time."),
        "open": _("It is within the operating hours."),
        "closed": _("It is outside the operating hours (%(zone)s)."),
    },
    "window": {
        "none": _("There is no maintenance."),
        "window": _("There is maintenance: %(name)s"),
    },
    "brake": {
        "released": _("The brake is released."),
        "bad_for_long": _("The player has been bad for more than a week: it is left to people."),
        "too_many": _(
            "The brake is engaged: too many players are bad or unknown at once, "
            "%(bad)s where %(limit)s may be."
        ),
        "too_many.exporter": _(
            "The brake is engaged: too many players of the exporter are bad or unknown at once, "
            "%(bad)s where %(limit)s may be."
        ),
        "too_many.platform": _(
            "The brake is engaged: too many players of the platform are bad or unknown at once, "
            "%(bad)s where %(limit)s may be."
        ),
        "holding": _(
            "The brake is engaged: too many players were bad or unknown a short time ago. "
            "It lets go once that has been over for ten minutes."
        ),
        "not_known": _("The brake is engaged: nobody knows how many players are bad."),
    },
    "binding": {
        "bound": _("The player hangs on a line of a socket."),
        "none": _("The player hangs on no line of a socket: nothing can switch it."),
    },
    "device": {"ok": _("The socket can be commanded.")},
    "mains": {
        "on": _("Nothing is known that would keep the line without power."),
        "lost": _("The socket has no mains: a restart would not help."),
        "switched_off": _(
            "%(by)s switched the line off: it stays off until somebody switches it on."
        ),
        "off_later": _(
            "%(by)s told the socket to switch the line off later: no job gets in the way of that."
        ),
        "off_by_schedule": _(
            "The schedule “%(by)s” switched the line off: it stays off until that or somebody "
            "switches it on."
        ),
        "dark": _(
            "The socket was told to keep the line dark for a while, and switches it on itself."
        ),
        "starting": _("The power came back a moment ago: the player gets its time to start."),
    },
    "beside": {
        "none": _("Nobody well would go dark with it."),
        "allowed": _("Others on the line would go dark too, which the job allows."),
        "others": _(
            "Others on the line would go dark too: %(well)s of %(players)s are not known to be bad."
        ),
    },
    "in_flight": {
        "ok": _("No action is under way."),
        "attempt": _("An action for this player is under way."),
    },
    "cooldown": {
        "ok": _("No cooldown lasts."),
        "job": _("It is too early after the last action of the job."),
    },
    "attempts": {
        "left": _("There are attempts left, of %(limit)s."),
        "exhausted": _("All attempts were used up (%(attempts)s of %(limit)s): people take over."),
    },
    "budget": {"ok": _("There is room in the SMS budget.")},
    "template": {
        "found": _("The command is found, for %(segments)s SMS."),
        "no_rungs": _("The job has no action: it only tells people."),
        "no_line": _("Without a line there is nothing to send to."),
        "no_restart": _("The socket has no restart that jobs may send."),
        "other_model": _("The command is of another model of sockets."),
        "parameters": _("The values of the command do not fit this socket."),
        "danger": _("Jobs may not send this command."),
        "other_line": _("The command switches another line."),
    },
    "rate": {
        "admitted": _("It is its turn."),
        "canary": _("Many players fire together: one is tried first, and has to come back."),
        "site": _("Another player of the site is being acted on."),
        "platform": _(
            "As many players of the platform as allowed are being acted on: %(found)s of %(limit)s."
        ),
        "hour": _(
            "The platform has had as many actions within an hour as allowed: "
            "%(found)s of %(limit)s."
        ),
    },
    "approval": {
        "not_asked": _("The job asks nobody."),
        "approved": _("%(by)s approved it."),
        "to_propose": _("A person has to approve it; it is proposed next."),
        "waiting": _("It waits for somebody who approves it."),
        "changed": _("What would be sent is not what was approved any more."),
    },
}


def title(gate: str) -> str:
    """Return what a gate asks about, for the head of its row."""
    return str(_TITLES.get(gate, gate))


def told(gate: str, detail: Mapping[str, Any]) -> Told:
    """Return the sentence of a verdict as it is stored; of an unknown code, whatever it said."""
    since, until = _moment(detail.get("at")), _moment(detail.get("until"))
    return Told(_sentence(gate, detail), since, until)


def _sentence(gate: str, detail: Mapping[str, Any]) -> str:
    code, values = str(detail.get("code", "")), dict(detail)
    reason = next((each for each in Why if each.value == detail.get("why")), None)
    if reason is not None:
        values["why"] = _inside(str(reason))
    kind = detail.get("domain") if reason is None else "why"
    words = _SENTENCES.get(gate, {})
    found = words.get(f"{code}.{kind}") or words.get(code) or _OF_DEVICES.get(code)
    if found is not None:
        return str(found) % _Values(values)
    why = str(detail.get("why") or "")
    return why or gettext("Something stands against it: %(code)s.") % {"code": code or gate}


def _inside(sentence: str) -> str:
    """Return a sentence as the part of another one, behind a colon."""
    return sentence.rstrip(".")


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


class _Values(dict[str, Any]):
    """The values of a verdict; what an older release did not store is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"
