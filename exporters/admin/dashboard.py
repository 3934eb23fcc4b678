"""The first page of the admin: what is up, what is not, and what to do first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exporters import lending
from exporters.overview import Overview, overview
from exporters.verdicts import State
from platforms.models import User
from platforms.roles import Deed
from platforms.scoped_fields import person_of


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done before players can be seen."""

    title: Promise
    hint: Promise
    link: str
    done: bool


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures to the context of the admin's index."""
    return {**context, "title": _("Overview"), **figures(person_of(request))}


def figures(person: User) -> dict[str, Any]:
    """Return what the overview's template needs."""
    known = overview(person)
    steps = list(_steps(person, known))
    return {
        "overview": known,
        "tiles": [
            {"state": state.value, "label": state.label, "count": known.counts[state]}
            for state in State
        ],
        "many_platforms": known.platforms > 1,
        "owns": person.may(Deed.OWN),
        "steps": [] if all(step.done for step in steps) else steps,
        "panels": [panel(person) for panel in lending.overview_panels.values()],
    }


def _steps(person: User, known: Overview) -> Iterator[Step]:
    """Yield the first steps that are this person's to do."""
    owns, fleet = person.may(Deed.OWN), person.may(Deed.FLEET)
    if owns:
        yield Step(
            _("Create a platform"),
            _("A platform is one client company: its people, its players, its limits."),
            reverse("admin:platforms_platform_add"),
            known.platforms > 0,
        )
    yield Step(
        _("Create an exporter"),
        _("It asks one vendor for the players of one platform."),
        reverse("admin:exporters_exporter_add") if fleet or owns else "",
        known.exporters_in_all > 0,
    )
    yield Step(
        _("Paste the MAC addresses of the players"),
        _(
            "In any spelling, one a line. Where the vendor lists its devices, "
            "they come by themselves."
        ),
        reverse("admin:exporters_exportermac_changelist") if fleet or owns else "",
        known.total > 0,
    )
