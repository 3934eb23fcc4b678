"""The steps of putting one socket into service as a page shows them. Reads; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .commissioning import template_of
from .findings import Finding, Kind
from .models import CommandTemplate, CommissioningTrial, Device
from .trials import Stand, obeyed, stands


class Standing(StrEnum):
    """How far a step is."""

    TODO = "todo"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"  # the model has nothing of the kind


LABELS: Mapping[Standing, str | Promise] = {
    Standing.TODO: _("To do"),
    Standing.RUNNING: _("Under way"),
    Standing.PASSED: _("Passed"),
    Standing.FAILED: _("Failed"),
    Standing.ABSENT: _("Not needed"),
}
TITLES: Mapping[str, str | Promise] = {
    "register": _("Register the gateway's number"),
    "query": _("Ask for the state"),
    "reply": _("The socket answers"),
    "power": _("Test the power"),
}
ABOUT: Mapping[str, str | Promise] = {
    "register": _(
        "The socket obeys the number that is its administrator. This message makes the gateway's "
        "number that; a socket that has an administrator already has to be reset on site first."
    ),
    "query": _("A question that changes nothing leaves by the gateway."),
    "reply": _("The answer to it comes back through the gateway's inbox, by itself."),
    "power": _(
        "The power goes off and on again while somebody watches, or the players of the line tell."
    ),
}


@dataclass(frozen=True)
class Step:
    """One step; `finding` is why it stands so, `codes` are the texts of its messages."""

    key: str
    kind: Kind
    standing: Standing
    finding: Finding | None
    codes: tuple[str, ...]
    trial: CommissioningTrial | None

    @property
    def title(self) -> str:
        """Return what is done."""
        return str(TITLES[self.key])

    @property
    def about(self) -> str:
        """Return what it is good for."""
        return str(ABOUT[self.key])

    @property
    def label(self) -> str:
        """Return how far it is, in a word."""
        return str(LABELS[self.standing])

    @property
    def is_begun_here(self) -> bool:
        """Tell whether this step has a button of its own: an answer comes by itself."""
        return self.key != "reply" and bool(self.codes)


def steps(device: Device, now: datetime) -> list[Step]:
    """Return the four steps as they stand now, for the SIM that the socket has."""
    tried = stands(device, now)
    found: list[Step] = []
    for key, kind in (
        ("register", Kind.REGISTER),
        ("query", Kind.QUERY),
        ("reply", Kind.QUERY),
        ("power", Kind.POWER),
    ):
        template, stand = template_of(device, kind), tried.get(kind)
        standing, finding = _standing(key, stand, template, obeyed(tried.get(Kind.POWER)))
        trial = stand.trial if stand else None
        found.append(Step(key, kind, standing, finding, _codes(template), trial))
    return found


def _standing(
    key: str, stand: Stand | None, template: CommandTemplate | None, obeys: bool
) -> tuple[Standing, Finding | None]:
    if key == "register" and obeys and not (stand and stand.verdict.passed):
        return Standing.PASSED, Finding.OBEYED
    if stand is None:
        needed = template is not None or key == "power"
        return (Standing.TODO if needed else Standing.ABSENT), None
    finding, passed = stand.verdict
    if key == "query" and stand.went_out:
        return Standing.PASSED, None if finding is not Finding.VOUCHED else finding
    if key == "reply" and finding in (Finding.WAITING, Finding.UNSENT):
        return Standing.TODO, None
    if passed is None:
        return Standing.RUNNING, finding
    return (Standing.PASSED if passed else Standing.FAILED), finding


def _codes(template: CommandTemplate | None) -> tuple[str, ...]:
    return () if template is None else tuple(step.code for step in template.shape.steps)
