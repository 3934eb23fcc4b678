"""What a job would be about now, laid out for the panel beside its form. Decides nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _

from jobs import condition_words, cron, naming, preview, schedule_words
from jobs.definition import Definition
from jobs.models import Trigger
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
    look = preview.look(draft, now.timestamp()) if named else None
    return {
        "name": _name(draft) if named else "",
        "draft": draft,
        "is_schedule": draft.trigger is Trigger.SCHEDULE,
        "when": schedule_words.in_words(draft.cron) if draft.cron else "",
        "runs": list(_runs(draft, now)),
        "look": look,
        "too_few_sms": look is not None and not _suffices(look),
    }


def _suffices(look: preview.Preview) -> bool:
    """Tell whether there is room for all on whom it would act now."""
    if look.costs is None or look.forecast is None:
        return True
    return look.costs.suffices_for(look.forecast.acted)


def rows(look: preview.Preview, draft: Definition) -> Iterator[dict[str, Any]]:
    """Yield the players of the panel: bad ones first, as the preview has them.

    Of several conditions each value says what it is of.
    """
    asked = draft.conditions
    several = len(asked) > 1 and all(len(row.values) == len(asked) for row in look.rows)
    before = [f"{condition_words.subject(each)}: " for each in asked] if several else []
    for row in look.rows:
        colour, word = VERDICTS[row.verdict]
        pairs = zip_longest(before, row.values, fillvalue="")
        values = [f"{of}{value}" for of, value in pairs if value]
        yield {"row": row, "colour": colour, "word": word, "values": values}


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
