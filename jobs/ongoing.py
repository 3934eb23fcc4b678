"""The episodes that are open as a tick begins, and those of them that nobody watches any more.

Reads them with one query; it closes none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from . import episodes
from .episodes import Ended, OpenEpisode
from .models import Ending
from .watching import Rule, World


class Ongoing:
    """Open episodes: `by_job` and player those that go on, `over` those that are to be closed."""

    def __init__(self, world: World, rules: Mapping[int, Rule]) -> None:
        self.by_job: dict[int, dict[int, OpenEpisode]] = defaultdict(dict)
        self.over: list[Ended] = []
        for each in episodes.open_ones():
            rule = rules.get(each.job_id)
            if each.retired or (rule is not None and not _is_watched(each, rule, world)):
                self.over.append(Ended(each.pk, rule, each.player_id, Ending.PLAYER))
            elif rule is not None:
                self.by_job[each.job_id][each.player_id] = each
            elif not each.works:
                self.over.append(Ended(each.pk, None, each.player_id, Ending.JOB))

    def names(self) -> dict[int, set[str]]:
        """Return the players by exporter, by identity."""
        found: dict[int, set[str]] = defaultdict(set)
        for each in self._every():
            found[each.exporter_id].add(each.identity)
        return found

    def players(self) -> dict[int, set[int]]:
        """Return the players by exporter, by id."""
        found: dict[int, set[int]] = defaultdict(set)
        for each in self._every():
            found[each.exporter_id].add(each.player_id)
        return found

    def _every(self) -> Iterator[OpenEpisode]:
        return (each for mine in self.by_job.values() for each in mine.values())


def _is_watched(episode: OpenEpisode, rule: Rule, world: World) -> bool:
    """Tell whether its exporter is asked at all, and the rule is about its player."""
    selection, exporter_id = rule.selection, episode.exporter_id
    is_asked = exporter_id in world.exporters
    return is_asked and selection.covers(episode.player_id, exporter_id, episode.site_id)
