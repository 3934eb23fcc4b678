"""What can be told to people: a kind of event, how grave it is, and its sentence. No database.

Which kinds there are is said by the applications above, each from its ``AppConfig.ready()``.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext, gettext_lazy as _
from django_stubs_ext import StrOrPromise

from .channel_addresses import words_of
from .roles import Deed

REPEAT = timedelta(hours=4)


class Severity(models.IntegerChoices):
    """How much it matters; a channel hears what is as grave as it asks for, or graver."""

    INFO = 10, _("information")
    WARNING = 20, _("warning")
    CRITICAL = 30, _("critical")


class Told(NamedTuple):
    """What a sentence is made of; `moment` writes a stored time in the reader's time zone."""

    name: str  # of what it is about, as it was called then
    facts: Mapping[str, Any]
    moment: Callable[[str], str]


class NoticeKind(NamedTuple):
    """One kind of event.

    ``ends`` names the kind whose condition is over by it: it is told only where that one was.
    ``repeat``: how often a condition that lasts is told again; None: once. ``group``: the kind
    together with which it is chosen and told, where that is another one. ``deed``: who may do it
    on the platform reads of it; channels hear of it all the same.
    """

    name: str
    title: StrOrPromise
    severity: Severity
    sentence: Callable[[Told], str]
    ends: str = ""
    repeat: timedelta | None = None
    group: str = ""
    deed: Deed = Deed.SEE

    @property
    def family(self) -> str:
        """Return the kind under which it is chosen and told: both ends of a condition are one."""
        return self.ends or self.group or self.name


def _channel_off(told: Told) -> str:
    return gettext("The channel “%(name)s” was switched off: %(reason)s") % {
        "name": told.name,
        "reason": words_of(str(told.facts.get("error", ""))),
    }


#: What platforms itself has to tell.
CHANNEL_OFF = NoticeKind("channel_off", _("Channel switched off"), Severity.WARNING, _channel_off)

#: All kinds by name.
KINDS: dict[str, NoticeKind] = {CHANNEL_OFF.name: CHANNEL_OFF}


def register(kinds: Iterable[NoticeKind]) -> None:
    """Add the kinds of an application."""
    KINDS.update({kind.name: kind for kind in kinds})


def reserved() -> dict[Deed, list[str]]:
    """Return the kinds that not every member reads, by the deed that it takes."""
    found: dict[Deed, list[str]] = {}
    for kind in KINDS.values():
        if kind.deed is not Deed.SEE:
            found.setdefault(kind.deed, []).append(kind.name)
    return found


def title_of(name: str) -> str:
    """Return what people call a kind; the name itself when no application knows it any more."""
    return str(KINDS[name].title) if name in KINDS else name


def family_of(name: str) -> str:
    """Return the family of a kind, its own name when it is unknown."""
    return KINDS[name].family if name in KINDS else name


def family_choices() -> list[tuple[str, StrOrPromise]]:
    """Return the kinds that a channel can ask for; the good end comes with the bad one."""
    return [(kind.name, kind.title) for kind in KINDS.values() if kind.family == kind.name]
