"""Values of commands that nobody is told again: kept apart, left out of what is shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from devices.catalogue import CatalogueError
from devices.models import CommandTemplate

from .definition import Definition, Step

Templates = Mapping[int, CommandTemplate]


def templates_of(definitions: Collection[Definition]) -> Templates:
    """Return the templates that rungs name, by id: one query."""
    wanted = {step.template_id for each in definitions for step in each.rungs if step.template_id}
    rows = CommandTemplate.objects.filter(pk__in=wanted).select_related("model")
    return {row.pk: row for row in rows}  # unscoped: of jobs that the caller reached


def shown(step: Step, templates: Templates) -> dict[str, str]:
    """Return the values of a rung that may be read."""
    names = _secrets(step, templates)
    return {name: value for name, value in step.parameters.items() if name not in names}


def hidden(step: Step, templates: Templates) -> dict[str, str]:
    """Return the values of a rung that nobody may read again."""
    names = _secrets(step, templates)
    return {name: value for name, value in step.parameters.items() if name in names}


def kept(steps: Sequence[Step], old: Sequence[Step], templates: Templates) -> tuple[Step, ...]:
    """Return steps with the secrets that the old ones had, where they were not given anew."""
    return tuple(_kept(number, step, old, templates) for number, step in enumerate(steps))


def _kept(number: int, step: Step, old: Sequence[Step], templates: Templates) -> Step:
    missing = _secrets(step, templates) - {*step.parameters}
    same = counterpart(number, step.template_id, old)
    if not missing or same is None:
        return step
    found = {name: same.parameters[name] for name in missing & {*same.parameters}}
    return replace(step, parameters={**step.parameters, **found})


def counterpart(number: int, template_id: int | None, old: Sequence[Step]) -> Step | None:
    """Return the old step of the same command: the one in its place, else the first."""
    before = [*old[number : number + 1], *old]
    return next((each for each in before if each.template_id == template_id), None)


def _secrets(step: Step, templates: Templates) -> frozenset[str]:
    """Return the names of what is secret; where nobody can read the template, everything is."""
    template = templates.get(step.template_id or 0)
    if template is None:
        return frozenset(step.parameters)
    try:
        return frozenset(each.name for each in template.shape.parameters if each.secret)
    except (KeyError, CatalogueError):
        return frozenset(step.parameters)
