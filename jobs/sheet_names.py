"""Names of a platform's things as a file of jobs has them: from ids to names and back. Reads."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from devices.models import CommandTemplate
from exporters.models import Exporter, Player
from platforms.models import Platform, Site

BATCH: Final = 5_000  # values of one statement


@dataclass(frozen=True)
class Names:
    """The exporters, sites and commands of a platform by name, and those players that are meant.

    A command is known by its model, its key and whether it is the platform's own.
    """

    platform: Platform
    exporter_ids: Mapping[str, int]
    site_ids: Mapping[str, int]
    player_ids: Mapping[tuple[int, str], int]
    templates: Mapping[int, CommandTemplate]

    @classmethod
    def of_identities(cls, platform: Platform, identities: Collection[str]) -> Self:
        """Read names, and the players that are called so: four queries, more for thousands."""
        return cls._read(platform, "identity__in", sorted(identities))

    @classmethod
    def of_players(cls, platform: Platform, ids: Collection[int]) -> Self:
        """Read names, and the players with these ids."""
        return cls._read(platform, "pk__in", sorted(ids))

    @classmethod
    def _read(cls, platform: Platform, lookup: str, wanted: Sequence[Any]) -> Self:
        # unscoped: all of the platform whose jobs the caller may see or change
        own = {"platform": platform}
        templates = CommandTemplate.objects.usable_on(platform.pk).select_related("model")
        players: dict[tuple[int, str], int] = {}
        for at in range(0, len(wanted), BATCH):
            rows = Player.objects.filter(**own, **{lookup: wanted[at : at + BATCH]})
            for pk, exporter, identity in rows.values_list("pk", "exporter_id", "identity"):
                players[exporter, identity] = pk
        return cls(
            platform,
            dict(Exporter.objects.filter(**own).values_list("name", "pk")),
            dict(Site.objects.filter(**own).values_list("name", "pk")),
            players,
            {row.pk: row for row in templates},
        )

    @property
    def template_ids(self) -> Mapping[tuple[str, str, bool], int]:
        """Return the commands by model, key and whether they are the platform's own."""
        return {
            (row.model.key, row.key, row.platform_id is not None): pk
            for pk, row in self.templates.items()
        }

    def exporters(self, ids: Collection[int]) -> list[str]:
        """Return what exporters are called, in order."""
        return sorted(name for name, pk in self.exporter_ids.items() if pk in ids)

    def sites(self, ids: Collection[int]) -> list[str]:
        """Return what sites are called, in order."""
        return sorted(name for name, pk in self.site_ids.items() if pk in ids)

    def players(self, ids: Collection[int]) -> dict[str, list[str]]:
        """Return the identities of players by what their exporters are called, in order."""
        exporters = {pk: name for name, pk in self.exporter_ids.items()}
        found: dict[str, list[str]] = defaultdict(list)
        for (exporter, identity), pk in self.player_ids.items():
            if pk in ids:
                found[exporters[exporter]].append(identity)
        return {name: sorted(found[name]) for name in sorted(found)}
