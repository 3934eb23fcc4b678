"""The gates before an action, in their order: each says whether it is open, with what it used.

Looks at what situation.py has read of one episode; asks nobody, writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from devices.checks import Refusal

from . import brake, hours, lines_off
from .admission import Ruling
from .brake import Domain
from .gate_names import Gate
from .ladder import Due, Exhausted, UnderWay
from .models import Mode, Trigger
from .orders import NoOrder, Order
from .schedule_times import too_late
from .situation import Subject
from .standstill import scope_of

Detail = Mapping[str, Any]
_ALL_DAY: Detail = {"code": "always"}


class Verdict(NamedTuple):
    """What one gate says; `detail` has a code and the values it used, as JSON holds them."""

    gate: Gate
    is_open: bool
    detail: Detail

    def stored(self) -> dict[str, Any]:
        return {"gate": self.gate.value, "open": self.is_open, "detail": dict(self.detail)}


class _Said(NamedTuple):
    is_open: bool
    detail: Detail


def judge(subject: Subject) -> list[Verdict]:
    """Return what every gate says but the rate, which looks at all players that want to act."""
    return [Verdict(gate, *look(subject)) for gate, look in _GATES]


def first_shut(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return why nothing is done: the first gate that is shut."""
    return next((each for each in verdicts if not each.is_open), None)


def of_rate(ruling: Ruling) -> Verdict:
    """Return a ruling as the verdict of its gate."""
    if ruling.refusal is None:
        return Verdict(Gate.RATE, True, {"code": "admitted", "canary": ruling.canary})
    detail = {"code": ruling.refusal.value, "found": ruling.found, "limit": ruling.limit}
    return Verdict(Gate.RATE, False, {**detail, "until": _moment(ruling.until)})


def of_brake(domain: Domain, shut: brake.Verdict) -> Verdict:
    """Return a brake that is shut as the verdict of its gate."""
    values = {"domain": domain.value, "bad": shut.bad, "limit": shut.limit}
    detail = {"code": shut.why.value, **values, "until": _moment(shut.until)}
    return Verdict(Gate.BRAKE, False, detail)


def _evidence(subject: Subject) -> _Said:
    if subject.job.trigger == Trigger.SCHEDULE:
        return _open("schedule")
    clock, track = subject.clock, subject.track
    # Nor what is said of a time to come, by a clock that was put back since.
    if clock is None or clock.at is None or abs(subject.now - clock.at) > brake.LONGEST_GAP:
        return _shut("not_evaluated", at=_moment(clock.at if clock else None))
    if not clock.known:
        return _shut("unknown", why=clock.why)
    if track is None or track.frozen_from is not None:
        return _shut("unknown", why=track.why if track else "")
    if not track.bad or subject.episode.recovering_since is not None:
        return _shut("recovering")
    if track.era != clock.era or clock.slot <= max(track.since_slot, clock.known_since):
        return _shut("once")
    return _open("bad", value=track.value)


def _job(subject: Subject) -> _Said:
    job, player = subject.job, subject.player
    against = {
        "removed": job.removed_at is not None,
        "disabled": not job.enabled,
        "platform": not job.platform.active,
        "version": job.version != subject.episode.job_version,
        "player": player.retired_at is not None,
        "exporter": not player.exporter.enabled,
        "selection": not subject.is_selected,
    }
    for code, holds in against.items():
        if holds:
            return _shut(code)
    return _open(job.mode, version=job.version)


def _late(subject: Subject) -> _Said:
    """Of a schedule: whoever waits for its turn may wait longer; an approval lapses by itself."""
    episode = subject.episode
    if episode.trigger != Trigger.SCHEDULE or subject.proposal is not None:
        return _open("not_asked")
    due = episode.due_at or episode.opened_at
    if too_late(due, subject.now, episode.suppressed):
        return _shut("late", at=_moment(due))
    return _open("in_time")


def _acknowledged(subject: Subject) -> _Said:
    episode = subject.episode
    if episode.acknowledged_at is None:
        return _open("nobody")
    at = _moment(episode.acknowledged_at)
    return _shut("acknowledged", by=episode.acknowledged_name, at=at)


def _pause(subject: Subject) -> _Said:
    pause = next(iter(subject.pauses), None)
    if pause is None:
        return _open("none")
    details = {"by": pause.author_name, "reason": pause.reason, "id": pause.pk}
    return _shut(scope_of(pause), **details, until=_moment(pause.expires_at))


def _hours(subject: Subject) -> _Said:
    if not subject.hours:
        return _Said(True, _ALL_DAY)
    zone = str(subject.zone)
    if hours.is_open(subject.hours, subject.zone, subject.now):
        return _open("open", zone=zone)
    opens = hours.opens_at(subject.hours, subject.zone, subject.now)
    return _shut("closed", zone=zone, until=_moment(opens))


def _window(subject: Subject) -> _Said:
    if not subject.windows:
        return _open("none")
    window, ends = max(subject.windows, key=lambda each: each[1])
    return _shut("window", id=window.pk, name=window.name, until=_moment(ends))


def _brake(subject: Subject) -> _Said:
    if subject.counts_nowhere:
        return _shut("bad_for_long")
    for domain, shut in subject.brakes.items():
        if shut is not None:
            return _Said(False, of_brake(domain, shut).detail)
    return _open("released")


def _binding(subject: Subject) -> _Said:
    if subject.line is None:
        return _shut("none")
    return _open("bound", device=subject.line.device_id, line=subject.line.number)


def _device(subject: Subject) -> _Said:
    return _of_refusals(subject, "device", "reset_only", "gateway", "line")


def _mains(subject: Subject) -> _Said:
    if subject.line is None:
        return _open("on")
    lost = subject.line.device.mains_lost_at
    if lost is not None:
        return _shut("lost", at=_moment(lost))
    if (left := lines_off.found(subject)) is not None:
        return _shut(left.code, by=left.by, at=_moment(left.at))
    boot = timedelta(seconds=subject.job.boot_grace)
    back = max((each.back_at for each in subject.powers.values() if each.back_at), default=None)
    if back is not None and back + boot > subject.now:
        return _shut("starting" if back <= subject.now else "dark", until=_moment(back + boot))
    return _open("on")


def _beside(subject: Subject) -> _Said:
    if not subject.beside_well:
        return _open("none", players=subject.beside)
    if subject.job.beside:
        return _open("allowed", players=subject.beside)
    return _shut("others", players=subject.beside, well=subject.beside_well)


def _in_flight(subject: Subject) -> _Said:
    if isinstance(subject.next, UnderWay):
        return _shut("attempt")
    return _of_refusals(subject, "in_flight")


def _cooldown(subject: Subject) -> _Said:
    if isinstance(subject.next, Due) and subject.next.at > subject.now:
        return _shut("job", until=_moment(subject.next.at))
    return _of_refusals(subject, "cooldown")


def _attempts(subject: Subject) -> _Said:
    limit = subject.job.attempts
    if isinstance(subject.next, Exhausted):
        return _shut("exhausted", attempts=subject.next.attempts, limit=limit)
    return _open("left", limit=limit)


def _budget(subject: Subject) -> _Said:
    return _of_refusals(subject, "budget")


def _template(subject: Subject) -> _Said:
    order = subject.order
    if order is None:
        return _shut("no_rungs" if subject.line is not None else "no_line")
    if isinstance(order, NoOrder):
        return _shut(order.code, why=order.why)
    said = _of_refusals(subject, "automation", "role")
    if not said.is_open:
        return said
    return _open("found", template=order.wish.template.key, segments=order.wish.segments)


def _approval(subject: Subject) -> _Said:
    if subject.job.mode != Mode.APPROVE:
        return _open("not_asked")
    proposal = subject.proposal
    if proposal is None:
        return _shut("to_propose")
    if proposal.decided_at is None:
        return _shut("waiting", id=proposal.pk, until=_moment(proposal.expires_at))
    order = subject.order
    if not isinstance(order, Order) or (order.shown, order.wish.device.pk) != (
        proposal.sent,
        proposal.device_id,
    ):
        return _shut("changed", id=proposal.pk)  # nobody approved what would be sent now
    return _open("approved", by=proposal.decided_name, at=_moment(proposal.decided_at))


def _of_refusals(subject: Subject, *codes: str) -> _Said:
    """Say what devices has against it under these codes."""
    against: Refusal | None = next((r for r in subject.refusals if r.code in codes), None)
    if against is None:
        return _open("ok")
    return _shut(against.code, why=against.why, until=_moment(against.until))


def _open(code: str, **values: Any) -> _Said:
    return _Said(True, {"code": code, **values})


def _shut(code: str, **values: Any) -> _Said:
    return _Said(False, {"code": code, **values})


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


_GATES: Sequence[tuple[Gate, Callable[[Subject], _Said]]] = (
    (Gate.EVIDENCE, _evidence),
    (Gate.JOB, _job),
    (Gate.LATE, _late),
    (Gate.ACKNOWLEDGED, _acknowledged),
    (Gate.PAUSE, _pause),
    (Gate.HOURS, _hours),
    (Gate.WINDOW, _window),
    (Gate.BRAKE, _brake),
    (Gate.BINDING, _binding),
    (Gate.DEVICE, _device),
    (Gate.MAINS, _mains),
    (Gate.BESIDE, _beside),
    (Gate.IN_FLIGHT, _in_flight),
    (Gate.COOLDOWN, _cooldown),
    (Gate.ATTEMPTS, _attempts),
    (Gate.BUDGET, _budget),
    (Gate.TEMPLATE, _template),
    (Gate.APPROVAL, _approval),
)
