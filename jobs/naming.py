"""Names of jobs as rows hold them: a person's own, or an automatic one in every language.

The automatic name is composed when a job is saved, and again when something that it names is
renamed; kept by language, so that lists show, sort and search it without composing. Writes names.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from devices.catalogue import CatalogueError
from devices.models import CommandTemplate
from exporters.models import Exporter, Player
from platforms.models import Platform, Site

from . import condition_words, names, schedule_words
from .definition import Definition, Step, of, of_many
from .models import Action, Job, Joined, Trigger
from .selection import Selection

LONGEST_OWN: Final = 160
_NAMED: Final = 2  # of each sort of thing that a selection names
_NUMBER = re.compile(r" #([0-9]{1,6})\Z")


class _Things(NamedTuple):
    """What definitions speak of, by id."""

    exporters: Mapping[int, str]
    sites: Mapping[int, str]
    players: Mapping[int, str]
    templates: Mapping[int, CommandTemplate]


def write(row: Job, definition: Definition) -> None:
    """Set the names of a job that is about to be stored; the caller holds the platform's lock."""
    if definition.own_name:
        taken = _taken(row, settings.LANGUAGE_CODE)
        row.names, row.name = {}, names.first_free(definition.own_name, taken, LONGEST_OWN)[0]
        return
    found = {}
    for language, composed in automatic(definition).items():
        found[language] = names.first_free(composed, _taken(row, language))[0]
    row.names, row.name = found, found[settings.LANGUAGE_CODE]


def automatic(definition: Definition) -> dict[str, str]:
    """Return what a job would be called in each language, before names are made unique."""
    return automatic_of_many([definition])[0]


def automatic_of_many(definitions: Collection[Definition]) -> list[dict[str, str]]:
    """Return what jobs would be called, in their order: four queries, however many jobs."""
    things = _things(definitions)
    return [_in_every_language(each, things) for each in definitions]


def copied(own_name: str) -> str:
    """Return the name of the copy of a job that a person named."""
    copy = _("%(name)s (copy)")
    room = LONGEST_OWN - len(copy % {"name": ""})
    return copy % {"name": names.shortened(own_name, room)}


def keep_in_step() -> int:
    """Bring automatic names to what their players, sites and commands are called now."""
    rows = list(Job.objects.in_use().filter(own_name="").order_by("pk"))  # unscoped: of everyone
    definitions = of_many(rows)
    things = _things(definitions)
    changed = 0
    for row, definition in zip(rows, definitions, strict=True):
        wanted = _in_every_language(definition, things)
        if not all(is_still(wanted[each], row.names.get(each, "")) for each in wanted):
            changed += _renamed(row.pk, row.platform_id)
    return changed


def _renamed(pk: int, platform_id: int) -> bool:
    with transaction.atomic():
        Platform.objects.locked(platform_id)
        row = Job.objects.in_use().filter(pk=pk, own_name="").first()  # unscoped: read above
        if row is None:
            return False
        write(row, of(row))
        return bool(Job.objects.filter(pk=pk).update(name=row.name, names=row.names))


def is_still(composed: str, name: str) -> bool:
    """Tell whether a name is what would be composed now, or that with a number."""
    number = _NUMBER.search(name)
    return name == composed or (
        number is not None and names.numbered(composed, int(number[1])) == name
    )


def _taken(row: Job, language: str) -> Collection[str]:
    """Return what the other jobs of the platform are called in a language."""
    others = Job.objects.in_use().filter(platform=row.platform_id).exclude(pk=row.pk)
    pairs = others.values_list("name", "names")  # unscoped: of the platform under its lock
    if language == settings.LANGUAGE_CODE:
        return {name for name, _names in pairs}
    return {by_language.get(language, name) for name, by_language in pairs}


def _in_every_language(definition: Definition, things: _Things) -> dict[str, str]:
    found = {}
    for language, _title in settings.LANGUAGES:
        with translation.override(language):
            found[language] = _composed(definition, things)
    return found


def _composed(definition: Definition, things: _Things) -> str:
    selection = _selection(definition.selection, things)
    action = _action(definition.rungs, things)
    if definition.trigger is Trigger.SCHEDULE:
        return names.of_schedule(selection, action, schedule_words.in_words(definition.cron))
    if definition.raw:
        return names.of_rule(selection, action, _("its PromQL holds"))
    told = [condition_words.sentence(each) for each in definition.conditions]
    when = names.of_conditions(told, any_of_them=definition.joined is Joined.ANY)
    return names.of_rule(selection, action, when)


def _selection(selection: Selection, things: _Things) -> str:
    if selection.whole:
        return _("all players")
    parts = (
        (selection.exporters, things.exporters),
        (selection.sites, things.sites),
        (selection.players, things.players),
    )
    named = [known[each] for ids, known in parts for each in sorted(ids) if each in known]
    count = sum(len(ids) for ids, _known in parts)
    return names.of_several(named, count) if named else _("nothing")


def _action(steps: Collection[Step], things: _Things) -> str:
    if not steps:
        return _("tell people")
    return names.of_several([_step(each, things) for each in steps], len(steps))


def _step(step: Step, things: _Things) -> str:
    if step.action is Action.RESTART:
        return _("restart")
    template = things.templates.get(step.template_id or 0)
    if template is None:
        return _("a command")
    try:
        return str(template.shape.name)
    except (KeyError, CatalogueError):
        return template.key  # withdrawn with its model


def _things(definitions: Collection[Definition]) -> _Things:
    """Read what definitions speak of: four queries, however many there are."""
    chosen = [each.selection for each in definitions]
    exporters = Exporter.objects.filter(pk__in=_first(each.exporters for each in chosen))
    sites = Site.objects.filter(pk__in=_first(each.sites for each in chosen))
    players = Player.objects.filter(pk__in=_first(each.players for each in chosen))
    wanted = {step.template_id or 0 for each in definitions for step in each.rungs}
    templates = CommandTemplate.objects.filter(pk__in=wanted).select_related("model")
    return _Things(
        dict(exporters.values_list("pk", "name")),
        dict(sites.values_list("pk", "name")),
        {each.pk: str(each) for each in players.only("name", "identity")},
        {each.pk: each for each in templates},
    )  # unscoped: what jobs of the same platform name, which the database holds to it


def _first(groups: Iterable[frozenset[int]]) -> set[int]:
    """Return the ids of what is called by its name; of a long selection the first ones alone."""
    return {each for ids in groups for each in sorted(ids)[:_NAMED]}
