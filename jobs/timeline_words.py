"""Events around a player as people read them: a sentence each, with what belongs to it.

Decides words alone, from rows that the caller read; writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from devices import phones, story
from devices.conversation import meaning_of
from devices.models import Command, CommandStep
from devices.offers import title_of
from exporters.models import Player
from exporters.templatetags.devices import moment
from platforms import notice_texts
from platforms.models import AuditEntry, Delivery

from . import criterion_words, episode_story, gate_words
from .models import Episode, Job, JobExecution, Mode
from .timeline import Event, Timeline


@dataclass(frozen=True)
class Line:
    """An event in words. `parts` are (when, what) that belong to it, such as steps."""

    at: datetime
    icon: str
    tone: str  # good, bad, doubt or calm
    title: str
    text: str = ""
    url: str = ""
    parts: tuple[tuple[datetime, str], ...] = ()


_FIELDS: Final[Mapping[str, Promise]] = {
    "conditions": gettext_lazy("conditions"),
    "selection": gettext_lazy("players"),
    "rungs": gettext_lazy("actions"),
    "hours": gettext_lazy("operating hours"),
}
_TONES: Final = {"success": "good", "danger": "bad", "warning": "doubt"}  # by colours of commands


def lines(found: Timeline, *, reads_phones: bool) -> list[Line]:
    """Return the events of a page in words; who may not read numbers gets them masked."""
    said = _Said(found.steps, found.deliveries, reads_phones)
    return [said.line(each) for each in found.events]


class _Said:
    def __init__(
        self,
        steps: Mapping[int, Sequence[CommandStep]],
        deliveries: Mapping[int, Sequence[Delivery]],
        reads_phones: bool,
    ) -> None:
        self._steps, self._deliveries, self._reads = steps, deliveries, reads_phones
        self._tell: Mapping[str, Callable[[Event], Line]] = {
            "change": self._change,
            "pause": self._pause,
            "lift": self._lift,
            "job_pause": self._pause,
            "job_lift": self._lift,
            "window": self._window,
            "window_over": self._window,
            "opened": self._opened,
            "verdict": self._verdict,
            "attempt": self._attempt,
            "decided": self._decided,
            "command": self._command,
            "incoming": self._incoming,
            "attempt_over": self._attempt_over,
            "acknowledged": self._acknowledged,
            "closed": self._closed,
            "notice": self._notice,
        }

    def line(self, event: Event) -> Line:
        return self._tell[event.sort](event)

    def _text(self, text: str) -> str:
        return text if self._reads else phones.masked_within(text)

    def _change(self, event: Event) -> Line:
        entry: AuditEntry = event.row
        what = {"who": entry.actor, "what": entry.target}
        title = {
            "created": _("%(who)s made “%(what)s”"),
            "changed": _("%(who)s changed “%(what)s”"),
            "deleted": _("%(who)s removed “%(what)s”"),
        }.get(entry.action, f"%(who)s · %(what)s · {entry.get_action_display()}")
        fields = ", ".join(_name_of(each, entry) for each in entry.after)
        text = fields if entry.action == "changed" else ""
        url = reverse("admin:platforms_auditentry_change", args=[entry.pk])
        return Line(event.at, "edit", "calm", title % what, text, url)

    def _pause(self, event: Event) -> Line:
        row = event.row
        by = {"by": row.author_name, "job": getattr(row, "job", "")}
        title = _("%(by)s paused “%(job)s”") if event.sort == "job_pause" else _over_what(row)
        text = _until(row.reason, row.expires_at)
        return Line(event.at, "pause_circle", "doubt", title % by, text)

    def _lift(self, event: Event) -> Line:
        title = _("A pause was lifted")
        return Line(event.at, "play_circle", "calm", title, event.row.reason)

    def _window(self, event: Event) -> Line:
        begins = event.sort == "window"
        title = _("Maintenance began") if begins else _("Maintenance was over")
        return Line(event.at, "construction", "doubt" if begins else "calm", title, event.row.name)

    def _opened(self, event: Event) -> Line:
        episode: Episode = event.row
        job = {"job": str(episode.job)}
        if episode.due_at is not None:
            title = _("The schedule of “%(job)s” asked for an action") % job
            return Line(event.at, "schedule", "calm", title, url=_page(episode))
        title = _("“%(job)s” found the player bad for long enough") % job
        return Line(event.at, "error", "bad", title, url=_page(episode))

    def _verdict(self, event: Event) -> Line:
        episode = event.row.episode
        job = {"job": str(episode.job)}
        if not event.row.gate:
            title = _("Nothing held “%(job)s” back any more") % job
            return Line(event.at, "lock_open", "calm", title, url=_page(episode))
        told = gate_words.told(event.row.gate, event.row.detail)
        title = _("“%(job)s” was held back") % job
        text = _until(told.text, told.until)
        return Line(event.at, "block", "doubt", title, text, _page(episode))

    def _attempt(self, event: Event) -> Line:
        row: JobExecution = event.row
        facts = {"job": str(row.job), "attempt": row.attempt, "sent": self._text(row.sent)}
        if row.mode == Mode.SHADOW:
            title = _("“%(job)s” would have sent “%(sent)s” (attempt %(attempt)s)")
        elif row.expires_at is not None:
            title = _("“%(job)s” asked whether to send “%(sent)s” (attempt %(attempt)s)")
        else:
            title = _("“%(job)s” gave the command “%(sent)s” (attempt %(attempt)s)")
        value = criterion_words.value(row.condition, row.value)
        because = criterion_words.condition(row.condition)
        text = _("%(condition)s; it was %(value)s") % {"condition": because, "value": value}
        text = text if because and value else because
        return Line(event.at, "bolt", "doubt", title % facts, text, _page(row))

    def _decided(self, event: Event) -> Line:
        row: JobExecution = event.row
        declined = row.standing == "declined"
        title = _("%(by)s declined it") if declined else _("%(by)s approved it")
        by = {"by": row.decided_name}
        return Line(event.at, "how_to_vote", "calm", title % by, row.comment, _page(row))

    def _command(self, event: Event) -> Line:
        row = event.row
        facts = {"command": title_of(row), "by": _author(row), "socket": row.device.name}
        title = _("Command “%(command)s” to %(socket)s, given by %(by)s") % facts
        steps = self._steps.get(row.pk, ())
        parts = tuple((each.at, _step(each)) for each in steps)
        tone = _TONES.get(story.colour_of(row.state), "calm")
        url = reverse("admin:devices_command_change", args=[row.pk])
        text = f"{self._text(row.text)} · {row.get_state_display()}"
        return Line(event.at, "send", tone, title, text, url, parts)

    def _incoming(self, event: Event) -> Line:
        row = event.row
        title = _("The socket %(socket)s said") % {"socket": row.device.name}
        meaning = meaning_of(row)
        text = f"{self._text(row.text)} · {meaning}" if meaning else self._text(row.text)
        url = reverse("admin:devices_command_conversation", args=[row.device_id])
        return Line(event.at, "sms", "calm", title, text, url)

    def _attempt_over(self, event: Event) -> Line:
        row: JobExecution = event.row
        told = episode_story.of_attempt(row)
        facts = {"attempt": row.attempt, "job": str(row.job)}
        title = _("Attempt %(attempt)s of “%(job)s” is over") % facts
        return Line(event.at, "flag", told.tone, title, told.headline, _page(row))

    def _acknowledged(self, event: Event) -> Line:
        row: Episode = event.row
        facts = {"by": row.acknowledged_name, "job": str(row.job)}
        title = _("%(by)s took it over from “%(job)s”") % facts
        return Line(event.at, "back_hand", "calm", title, row.comment, _page(row))

    def _closed(self, event: Event) -> Line:
        row: Episode = event.row
        good = row.ending in ("recovered", "done")
        title = _("“%(job)s” closed its episode: %(why)s")
        facts = {"job": str(row.job), "why": row.get_ending_display()}
        icon = "check_circle" if good else "cancel"
        return Line(event.at, icon, "good" if good else "calm", title % facts, url=_page(row))

    def _notice(self, event: Event) -> Line:
        row = event.row
        told = self._deliveries.get(row.pk, ())
        parts = tuple(
            (each.sent_at or each.created_at, f"{each.channel.name}: {each.get_state_display()}")
            for each in told
        )
        url = reverse("admin:platforms_notice_change", args=[row.pk])
        title = _("People were told")
        return Line(event.at, "campaign", "calm", title, notice_texts.sentence(row), url, parts)


def _author(row: Command) -> str:
    """Return who gave a command: a job by the name that it has for the reader."""
    execution = getattr(row, "execution", None)  # of a person's command there is none
    return str(execution.job) if row.by_job and execution else row.author_name


def _until(text: str, until: datetime | None) -> str:
    """Add until when it was to last, where that was known."""
    if until is None:
        return text
    facts = {"text": text, "until": moment(until)}
    return _("%(text)s (until %(until)s)") % facts


def _over_what(row: Any) -> str:
    if row.device_id is not None:
        return _("%(by)s paused the socket")
    if row.platform_id is not None:
        return _("%(by)s paused the platform")
    return _("%(by)s paused everything")


def _page(row: Episode | JobExecution) -> str:
    name = "episode" if isinstance(row, Episode) else "jobexecution"
    return reverse(f"admin:jobs_{name}_change", args=[row.pk])


def _step(step: CommandStep) -> str:
    why = story.words_of(step.reason) if step.reason else ""
    happened = story.what_happened(step)
    return f"{happened} {why}" if why else happened


def _name_of(name: str, entry: AuditEntry) -> str:
    """Return what people call a column of a job or of a player."""
    if name in _FIELDS:
        return str(_FIELDS[name])
    model = Job if entry.target_type == Job._meta.label_lower else Player
    try:
        field = model._meta.get_field(name.removesuffix("_id"))
    except FieldDoesNotExist:
        return name  # of an older release
    return str(getattr(field, "verbose_name", name))
