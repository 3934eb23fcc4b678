"""Who it is that a tick looked at, and what is remembered of them: a bounded number of queries.

Who is at rest and was found good is left out: nothing would be written of it. Reads only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from . import enrolled_players, track_rows
from .enrolled_players import Who
from .pairs import Pair
from .track_rows import KeptTrack
from .tracks import Track
from .verdicts import Verdict


class Seen(NamedTuple):
    """One player that was looked at; `track` is None before a first verdict."""

    who: Who
    identity: str
    verdict: Verdict
    track: Track | None


class Recall:
    """What is known of the players of these pairs beside what Prometheus says.

    Made of those whose names are known; `of_whole` comes after they were seen.
    """

    def __init__(self, pairs: Collection[Pair], open_: Mapping[int, set[int]]) -> None:
        self._open = open_
        self._who = _people(pairs)
        self._resting = {
            id(pair): track_rows.at_rest(pair.watch.criterion_id, pair.exporter.pk)
            for pair in pairs
            if pair.whole
        }
        self._tracks = {
            id(pair): {each.player_id: each for each in pair.restless} for pair in pairs
        }
        self._read_tracks([pair for pair in pairs if not pair.whole])

    def of_whole(self, pairs: Collection[Pair]) -> None:
        """Read what is remembered where everybody was looked at: it depends on what was seen."""
        self._read_tracks([pair for pair in pairs if pair.whole])

    def seen(self, pair: Pair) -> Iterator[Seen]:
        """Yield whoever something may have to be written of."""
        tracks = self._tracks[id(pair)]
        for identity, who, verdict in self._looked_at(pair):
            kept = tracks.get(who.pk)
            yield Seen(who, identity, verdict, kept.track if kept else None)

    def fresh(self, pair: Pair, added: int) -> int:
        """Return how many players of a source were never known, after so many were added."""
        tracked = len(self._resting[id(pair)]) + len(pair.restless)
        return max(0, len(self._who.get(pair.exporter.pk, {})) - tracked - added)

    def _looked_at(self, pair: Pair) -> Iterator[tuple[str, Who, Verdict]]:
        people = self._who.get(pair.exporter.pk, {})
        if not pair.whole:
            for identity, verdict in pair.verdicts.items():
                if (who := people.get(identity)) is not None:
                    yield identity, who, verdict
            return
        resting, watched = self._resting[id(pair)], self._open.get(pair.exporter.pk, set())
        for identity, who in people.items():
            verdict = pair.verdicts.get(identity, Verdict.UNKNOWN)
            if verdict is Verdict.FALSE and who.pk in resting and who.pk not in watched:
                continue
            yield identity, who, verdict

    def _to_remember(self, pair: Pair) -> Iterator[Who]:
        if pair.whole:
            return (who for _identity, who, _verdict in self._looked_at(pair))
        people = self._who.get(pair.exporter.pk, {})
        return (people[name] for name in pair.names if name in people)

    def _read_tracks(self, pairs: Collection[Pair]) -> None:
        """Read the tracks at rest that something may have to be written of."""
        criteria: set[int] = set()
        players: set[int] = set()
        for pair in pairs:
            known, resting = self._tracks[id(pair)], self._resting.get(id(pair))
            for who in self._to_remember(pair):
                if who.pk not in known and (resting is None or who.pk in resting):
                    criteria.add(pair.watch.criterion_id)
                    players.add(who.pk)
        found: dict[tuple[int, int], list[KeptTrack]] = defaultdict(list)
        for kept in track_rows.of_players(criteria, players) if players else ():
            found[kept.criterion_id, kept.exporter_id].append(kept)
        for pair in pairs:
            for kept in found.get((pair.watch.criterion_id, pair.exporter.pk), ()):
                self._tracks[id(pair)].setdefault(kept.player_id, kept)


def _people(pairs: Collection[Pair]) -> dict[int, dict[str, Who]]:
    """Return by exporter and identity who was looked at: of whole sources every player."""
    whole = {pair.exporter.pk for pair in pairs if pair.whole}
    found = defaultdict(dict, enrolled_players.of_exporters(whole))
    names: dict[int, set[str]] = defaultdict(set)
    for pair in pairs:
        if pair.exporter.pk in whole:
            continue
        # Whose track was read is known; to look up who is offline would cost more than all else.
        people = found[pair.exporter.pk]
        people.update((each.identity, Who(each.player_id, each.site_id)) for each in pair.restless)
        names[pair.exporter.pk].update(pair.names)
    unknown = {pk: left for pk, mine in names.items() if (left := mine - found[pk].keys())}
    for exporter_id, people in enrolled_players.called(unknown).items():
        found[exporter_id].update(people)
    return found
