"""What a job would be about now, laid out for the panel beside its form. Decides nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _

from jobs import condition_words, cron, naming, preview, schedule_words
from jobs.definition import Definition
from jobs.models import Trigger
from jobs.preview import Row
from jobs.verdicts import Verdict

RUNS = 3  # of a schedule that are told
VERDICTS: Mapping[Verdict, tuple[str, Promise]] = {
    Verdict.TRUE: ("offline", _("bad")),
    Verdict.FALSE: ("online", _("well")),
    Verdict.UNKNOWN: ("unknown", _("not known")),
}


def told(draft: Definition, now: datetime) -> dict[str, Any]:
    """Return what the panel shows of a definition, as far as it is typed."""
    named = not draft.selection.is_empty
    return {
        "name": _name(draft) if named else "",
        "draft": draft,
        "is_schedule": draft.trigger is Trigger.SCHEDULE,
        "when": schedule_words.in_words(draft.cron) if draft.cron else "",
        "runs": list(_runs(draft, now)),
        "look": preview.look(draft, now.timestamp()) if named else None,
    }


def rows(look: preview.Preview, draft: Definition) -> Iterator[dict[str, Any]]:
    """Yield the players of the panel: bad ones first, as the preview has them."""
    words = condition_words.sentences(draft.criterion) if draft.criterion else []
    for row in look.rows:
        colour, word = VERDICTS[row.verdict]
        yield {"row": row, "colour": colour, "word": word, "values": _values(row, words)}


def _values(row: Row, words: list[str]) -> list[str]:
    """Return what is said of the player; for several conditions, in their order."""
    return [value for value in row.values if value] if words or row.values else []


def _name(draft: Definition) -> str:
    """Return what the job would be called by itself; "" while it is not known what it does."""
    if not (draft.conditions or draft.raw or draft.cron):
        return ""
    names = naming.automatic(draft)
    return names.get(get_language() or "", next(iter(names.values())))


def _runs(draft: Definition, now: datetime) -> Iterator[datetime]:
    """Yield the next runs of a schedule, by its own clock."""
    if draft.cron:
        zone = ZoneInfo(draft.time_zone or draft.platform.time_zone)
        due = cron.due_times(draft.cron, zone, now)
        yield from (at.astimezone(zone) for at in islice(due, RUNS))
