"""Whether jobs are judged at all: a heartbeat for somebody outside, an alarm for those inside.

A dead-man's switch: what it asks for is that somebody else notices the silence. It judges no
player and stops nothing.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import Exists, Subquery
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext as _, ngettext

from platforms import announcements
from platforms.models import User
from platforms.outbound import OutboundError, fetch
from platforms.roles import Deed

from .models import Engine, Job
from .models.job import JobQuerySet
from .notice_kinds import ENGINE_BLIND, ENGINE_SEES
from .verdicts import Why

logger = logging.getLogger(__name__)

SILENT: Final = timedelta(minutes=2)
_KEY: Final = "engine"
_DEADLINE, _LIMIT = 5.0, 64 * 1024  # seconds and bytes of a heartbeat's answer


class Trouble(NamedTuple):
    """Why no job acts, for people; `advice` is for superadmins."""

    what: str
    advice: str = ""


def watch(now: datetime) -> bool:
    """Tell people when nothing has been judged for minutes, or is again; else say it outside.

    Return whether a heartbeat went out and was taken.
    """
    engine = Engine.objects.filter(pk=1).first() or Engine()
    since = _blind_since(engine, now)
    if since is not None:
        announcements.announce(
            ENGINE_BLIND.name,
            platform=None,
            about=None,
            facts={"since": since, "why": engine.blind},
            key=_KEY,
            now=now,
        )
        return False
    announcements.announce(ENGINE_SEES.name, platform=None, about=None, facts={}, key=_KEY, now=now)
    return engine.ticked_at is not None and _beat()


def troubles(user: User, now: datetime) -> list[Trouble]:
    """Return why no job acts at all, for whoever sees jobs; nothing while there are none."""
    if not _working(user).exists():
        return []
    return _troubles(user, Engine.objects.filter(pk=1).first() or Engine(), now)


def columns(user: User) -> dict[str, BaseExpression]:
    """Return what `troubles_of` reads, as columns of a question that is asked anyway."""
    engine = Engine.objects.filter(pk=1)
    return {
        "has_jobs": Exists(_working(user)),
        "ticked_at": Subquery(engine.values("ticked_at")),
        "blind": Subquery(engine.values("blind")),
    }


def troubles_of(user: User, row: Mapping[str, Any], now: datetime) -> list[Trouble]:
    """Return the same as `troubles` of a row with these columns; asks for nothing."""
    if not row["has_jobs"]:
        return []
    return _troubles(user, Engine(ticked_at=row["ticked_at"], blind=row["blind"] or ""), now)


def _working(user: User) -> JobQuerySet:
    jobs: JobQuerySet = Job.objects.for_user(user).working().order_by()
    return jobs


def _troubles(user: User, engine: Engine, now: datetime) -> list[Trouble]:
    ticked = engine.ticked_at
    if ticked is None or abs(now - ticked) > SILENT:
        return [Trouble(_silence(ticked, now), _advice(user))]
    if engine.blind:
        return [Trouble(_("Jobs judge nothing and do nothing: %(why)s") % {"why": _words(engine)})]
    return []


def _blind_since(engine: Engine, now: datetime) -> datetime | None:
    """Return since when nothing was judged, where that is too long by now."""
    since = engine.blind_since if engine.blind else engine.ticked_at
    # A tick of a time to come: the clock was put back, and nothing is judged until it is there.
    return since if since is not None and abs(now - since) > SILENT else None


def _silence(ticked: datetime | None, now: datetime) -> str:
    if ticked is None:
        return _("Jobs have never been judged yet.")
    minutes = int(abs(now - ticked).total_seconds() // 60)
    return ngettext(
        "Jobs have not been judged for %(minutes)s minute: no job acts.",
        "Jobs have not been judged for %(minutes)s minutes: no job acts.",
        minutes,
    ) % {"minutes": minutes}


def _advice(user: User) -> str:
    if not user.may(Deed.OWN):
        return ""
    return _("See whether the clock (celery beat) and a worker run: Background work.")


def _words(engine: Engine) -> str:
    return next((str(why) for why in Why if why.value == engine.blind), engine.blind)


def _beat() -> bool:
    """Ask the address that waits for it; who does not hear of it for long, raises the alarm."""
    url: str = settings.ENGINE_HEARTBEAT_URL
    if not url:
        return False
    try:
        fetch(url, bases=[url], deadline=_DEADLINE, limit=_LIMIT).checked()
    except OutboundError as error:
        # Its code alone: such an address is a secret by itself.
        logger.warning("The heartbeat of the engine was not taken: %s", error.code)
        return False
    return True
