"""Describes rows: asks Prometheus about a handful of players and judges each of them.

One query to Prometheus about now and one to the database, whatever the number of rows; and for
since-when what `beginnings` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from . import addresses, health, observations, promql
from .asking import Ask, Outage
from .beginnings import beginnings
from .kinds import KINDS
from .models import ExporterMac, Player, PlayerSource
from .observations import Key, Watched
from .prometheus import Sample
from .since import Since
from .sources import sources_of
from .verdicts import Observation, Source, State, Verdict, Why, judge, unknown

VALUES = {State.ONLINE: 1.0, State.OFFLINE: 0.0}


@dataclass(frozen=True, slots=True)
class Device:
    """One player as a page or an API answer shows it. Texts come from vendors: escape them.

    ``since`` is when a known state began, or when an unknown one was known last; with
    ``since_at_least`` it began then or earlier. ``labels`` are those that the vendor fills.
    """

    player_id: int
    identity: str
    name: str
    ip: str
    outip: str
    platform_id: int
    platform_name: str
    exporter_id: int
    exporter_name: str
    exporter_kind: str
    site_id: int | None
    site_name: str
    verdict: Verdict
    labels: Mapping[str, str]
    since: datetime | None = None
    since_at_least: bool = False

    @property
    def state(self) -> State:
        """Return Online, Offline or Unknown."""
        return self.verdict.state

    @property
    def title(self) -> str:
        """Return the name, or what stands for it."""
        return self.name or self.identity


def row_key(player: Player) -> Key:
    """Return the key of a row's series."""
    return Key(player.platform_id, player.exporter_id, player.identity)


def watched(player: Player) -> Watched:
    """Return how to ask about a row."""
    return Watched(row_key(player), player.exporter.kind)


def describe(
    ask: Ask, rows: Sequence[Player], now: datetime, with_since: bool = True
) -> tuple[tuple[Device, ...], Outage | None]:
    """Describe players in their order, and tell why nothing could be known."""
    asked = [watched(player) for player in rows]
    found = _now(ask, asked)
    outage = found if isinstance(found, Outage) else None
    samples = [] if isinstance(found, Outage) else found
    exporters = {player.exporter_id: player.exporter for player in rows}.values()
    sources = {} if outage else sources_of(ask.processes, health.read(samples), exporters)
    seen_now = observations.read(samples)
    observed = [seen_now.get(each.key, Observation()) for each in asked]
    verdicts = [
        _judge(player, observation, sources.get(player.exporter_id), outage)
        for player, observation in zip(rows, observed, strict=True)
    ]
    states = {each.key: verdict.state for each, verdict in zip(asked, verdicts, strict=True)}
    began = beginnings(ask, asked, states, now.timestamp()) if with_since else {}
    devices = tuple(
        dated(_device(player, observation, verdict), player, began.get(row_key(player)))
        for player, observation, verdict in zip(rows, observed, verdicts, strict=True)
    )
    return devices, outage


def dated(device: Device, player: Player, began: Since | None) -> Device:
    """Say since when a player has its state, or when an unknown one was known last."""
    since = datetime.fromtimestamp(began.at, UTC) if began else None
    if since is None and device.state is State.UNKNOWN:
        since = player.last_seen
    return replace(device, since=since, since_at_least=bool(began and began.at_least))


def _now(ask: Ask, asked: Sequence[Watched]) -> list[Sample] | Outage:
    """Ask for everything that a page says of now, so that all of it is of one moment.

    The union loses nothing: only series of players have an identity, only those of sources and
    of players a platform. A reason and a filled info tell themselves from the status.
    """
    platforms = {each.key.platform_id for each in asked}
    exporters = {each.key.exporter_id for each in asked}
    parts = [*observations.parts(ask, asked), *health.parts(ask, platforms, exporters)]
    return ask.now(promql.union(*parts)) if parts else []


def _judge(
    player: Player, seen: Observation, source: Source | None, outage: Outage | None
) -> Verdict:
    if not player.platform.active:
        return unknown(Why.PLATFORM_INACTIVE)
    if not player.exporter.enabled:
        return unknown(Why.EXPORTER_DISABLED)
    if outage is not None or source is None:
        return unknown(outage.why if outage else Why.PROMETHEUS_AWAY)
    verdict = judge(seen, source, was_seen=player.last_seen is not None)
    if player.unlisted_since is not None and verdict.why in (Why.STALE, Why.NOT_POLLED):
        return unknown(Why.NOT_LISTED)
    return verdict


def _device(player: Player, seen: Observation, verdict: Verdict) -> Device:
    mac = getattr(player, "mac", None)
    # Of now where it is told now, else of before; the rows follow within a minute.
    told = {
        label: seen.info.get(label, "") if seen.info else getattr(player, f"told_{label}")
        for label in ("ip", "outip")
    }
    labels = {label: seen.info.get(label, "") for label in KINDS[player.exporter.kind].info_labels}
    return Device(
        player_id=player.pk,
        identity=player.identity,
        name=_name(player, mac, labels.get("name", "")),
        ip=addresses.shown(told["ip"], mac and mac.ip),
        outip=addresses.shown(told["outip"], mac and mac.outip),
        platform_id=player.platform_id,
        platform_name=player.platform.name,
        exporter_id=player.exporter_id,
        exporter_name=player.exporter.name,
        exporter_kind=player.exporter.kind,
        site_id=player.site_id,
        site_name=player.site.name if player.site else "",
        verdict=verdict,
        labels=labels,
    )


def _name(player: Player, mac: ExporterMac | None, of_vendor: str) -> str:
    """Return the typed name; without one the vendor's of now, then the vendor's of before."""
    if player.source == PlayerSource.DISCOVERED or (mac is not None and not mac.name):
        return of_vendor or player.name
    return player.name or of_vendor
