"""What a person may choose from for a socket, in words of the reader; and how it is restarted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from platforms.scoping import Principal

from . import catalogue
from .catalogue import CatalogueError
from .models import Command, CommandTemplate, Device
from .own_templates import restarts
from .parameters import Parameter, shown
from .senders import Sender
from .templates import Danger, Template
from .words import Words

# In the order in which they are offered: what is needed most comes first.
TITLES: Mapping[Danger, Promise] = {
    Danger.POWER: _("Switch the power"),
    Danger.NONE: _("Ask the socket"),
    Danger.CONFIG: _("Change its settings"),
    Danger.DESTRUCTIVE: _("What cannot be undone"),
}
# Behind a value, where no language has to decline them.
_UNITS: Mapping[str, str | Promise] = {"s": _("s"), "min": _("min"), "C": "°C"}
_FOR_WHOM: Mapping[Danger, Promise] = {
    Danger.POWER: _("Managers send this, and users to sockets that were assigned to them."),
    Danger.NONE: _("Managers send this, and users to sockets that were assigned to them."),
    Danger.CONFIG: _("Managers and administrators send this."),
    Danger.DESTRUCTIVE: _("Administrators alone send this."),
}


class Offer(NamedTuple):
    """One command of a socket; `why` says why this person cannot send it, if so."""

    template: CommandTemplate
    shape: Template
    why: str


class Group(NamedTuple):
    """The commands of one danger."""

    danger: Danger
    title: str
    offers: tuple[Offer, ...]


class Restart(NamedTuple):
    """The command that switches a line off and on again, with its values."""

    template: CommandTemplate
    values: Mapping[str, str]


def offered(person: Principal, device: Device) -> Iterator[tuple[CommandTemplate, Template]]:
    """Yield the commands of a socket: the platform's own, then the catalogue's in its order."""
    model = catalogue.models().get(device.model.key)
    if model is None:
        return  # withdrawn
    rows = CommandTemplate.objects.for_user(person).usable_on(device.platform_id).offered()
    found = list(rows.filter(model=device.model_id).select_related("model"))
    places = {command.key: place for place, command in enumerate(model.commands)}
    found.sort(key=lambda row: (row.platform_id is None, places.get(row.key, -1), row.key))
    for row in found:
        try:
            yield row, row.shape
        except (KeyError, CatalogueError):
            continue  # of an older release: nobody can send it


def offers(person: Principal, device: Device, sender: Sender) -> list[Group]:
    """Return what can be sent to a socket by danger, also what this person may not send."""
    found: dict[Danger, list[Offer]] = {danger: [] for danger in TITLES}
    allowed = {danger: sender.may(danger, device) for danger in TITLES}
    for row, shape in offered(person, device):
        why = "" if allowed[shape.danger] else str(_FOR_WHOM[shape.danger])
        found[shape.danger].append(Offer(row, shape, why))
    return [
        Group(danger, str(title), tuple(found[danger]))
        for danger, title in TITLES.items()
        if found[danger]
    ]


def restart_of(
    person: Principal, device: Device, line: int, *, for_jobs: bool = False
) -> Restart | None:
    """Return the command that restarts a line; `for_jobs`: one that jobs may send.

    First what was marked for it, then the catalogue's, then what else restarts: among equals one
    that the socket ends by itself before a sequence.
    """
    cycles = [
        (row, shape)
        for row, shape in offered(person, device)
        if restarts(shape) and (row.for_jobs or not for_jobs)
    ]
    cycles.sort(
        key=lambda each: (
            not each[0].for_reboot,
            each[0].definition is not None,
            not each[1].self_restoring,
        )
    )
    for row, shape in cycles:
        values = {each.name: each.default or _shortest(each.minimum) for each in shape.parameters}
        if isinstance(shape.lines, str):
            values[shape.lines] = str(line)
        elif line not in shape.lines:
            continue
        return Restart(row, values)
    return None


def title_of(command: Command) -> str:
    """Return what people call a command that was given; needs its template beside it."""
    words: Words | None = None
    template = command.template
    if template is not None and template.definition is not None:
        name = template.definition.get("name", {})
        words = Words(name.get("en", command.template_key), name.get("ru", command.template_key))
    elif (model := catalogue.models().get(command.model_key)) is not None:
        known = model.by_key.get(command.template_key)
        words = known.name if known is not None else None
    return str(words) if words is not None else command.template_key


def values_of(command: Command) -> list[tuple[str, str]]:
    """Return label and value of what a command was given with, in words of the reader, no secrets.

    What its template does not say any more stands there as it is stored.
    """
    known = {each.name: each for each in _parameters_of(command)}
    return [_worded(known.get(name), name, str(text)) for name, text in command.parameters.items()]


def danger_words(danger: str) -> str:
    """Return how much harm a command may do, for a list."""
    return {
        Danger.NONE: gettext("asks"),
        Danger.POWER: gettext("power"),
        Danger.CONFIG: gettext("settings"),
        Danger.DESTRUCTIVE: gettext("cannot be undone"),
    }[Danger(danger)]


def _parameters_of(command: Command) -> Sequence[Parameter]:
    """Return the parameters of its template; of the catalogue's where its row is gone."""
    with suppress(KeyError, CatalogueError):
        if command.template is not None:
            return command.template.shape.parameters
        model = catalogue.models().get(command.model_key)
        return model.by_key[command.template_key].parameters if model is not None else ()
    return ()


def _worded(parameter: Parameter | None, name: str, text: str) -> tuple[str, str]:
    if parameter is None:
        return name, text
    chosen = (str(each.label) for each in parameter.choices if str(each.value) == text)
    value = next(chosen, shown(parameter, text))
    unit = str(_UNITS.get(parameter.unit, ""))
    return str(parameter.label), f"{value} {unit}".strip()


def _shortest(minimum: int | None) -> str:
    return str(max(minimum or 1, 1))
