"""Is the road of commands open? What keeps workers from sending anything at all, for the pages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.utils.translation import gettext as _, ngettext

from platforms.models import Tick, User
from platforms.roles import Deed
from platforms.ticks import BEAT

from .hints import DISPATCH

SWEEP: Final = "devices.sweep"
SILENT: Final = timedelta(minutes=2)


class Trouble(NamedTuple):
    """What is wrong, and for superadmins what to do."""

    what: str
    advice: str = ""


def troubles(user: User, now: datetime) -> list[Trouble]:
    """Return what whoever may send should know; the advice is for superadmins alone."""
    if not (user.may(Deed.SEND) or user.may(Deed.SEND_ASSIGNED)):
        return []
    owns = user.may(Deed.OWN)
    return [each if owns else Trouble(each.what) for each in _troubles(now)]


def _troubles(now: datetime) -> Iterator[Trouble]:
    rows = {row.name: row for row in Tick.objects.filter(name__in=(SWEEP, DISPATCH, BEAT))}
    if _is_silent(rows.get(SWEEP), now):
        clock_stands = _is_silent(rows.get(BEAT), now)
        yield Trouble(
            _silence(rows.get(SWEEP), now),
            _("The clock (celery beat) does not run.")
            if clock_stands
            else _("The clock runs, but no worker does what it asks for: see the worker's log."),
        )
    dispatch = rows.get(DISPATCH)
    if dispatch is not None and dispatch.error:
        yield Trouble(
            _("No command is sent: the database is not set up for it safely."), dispatch.error
        )


def _is_silent(row: Tick | None, now: datetime) -> bool:
    return row is None or row.started_at is None or now - row.started_at > SILENT


def _silence(row: Tick | None, now: datetime) -> str:
    if row is None or row.started_at is None:
        return _("No worker has run yet: commands wait.")
    minutes = int((now - row.started_at).total_seconds() // 60)
    return ngettext(
        "No worker has run for %(minutes)s minute: commands wait.",
        "No worker has run for %(minutes)s minutes: commands wait.",
        minutes,
    ) % {"minutes": minutes}
