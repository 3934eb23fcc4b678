"""The simulated sockets as they were installed: by a seed, and by the players there are. Pure.

The seeding of the database and the simulated crowd both ask here, so that they agree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from demo.world import COMPANIES, EXAMPLE, SEED, Company, SimulatedPlayer, of_platform

GATEWAY_NUMBER = "+79995550000"
STRANGER = "+79161234567"  # who was made administrator of a socket before the gateway came
# Whose players hang on sockets: those that are typed in, for they are in the database at once.
VENDOR = "cubic"
# Of a hundred players; the others have no socket.
ALONE, TOGETHER, SIDE_BY_SIDE = 30, 12, 24


class SocketModel(StrEnum):
    """The models that are simulated, by their keys in a catalogue."""

    D210 = "simpal_d210"
    D410 = "simpal_d410"

    @property
    def lines(self) -> range:
        """The numbers of its switched outputs."""
        return range(1, 2) if self is SocketModel.D210 else range(1, 3)


@dataclass(frozen=True)
class SimulatedSocket:
    """One socket as it was installed; what becomes of it is in demo.sms.socket."""

    phone: str
    model: SocketModel
    name: str
    site: str
    platform: str
    language: str  # it writes in: ru or en
    players: Mapping[int, tuple[str, ...]]  # by line, what the vendor knows them by
    admin: str | None = GATEWAY_NUMBER
    is_spare: bool = False  # in the drawer: nobody has told Remosa of it yet


def installed(
    fleets: Mapping[str, Sequence[SimulatedPlayer]], seed: int = SEED
) -> tuple[SimulatedSocket, ...]:
    """Every socket, of all companies; the example's first, and two spare ones of each last."""
    players = fleets.get(VENDOR, ())
    return tuple(
        socket
        for at, company in enumerate(COMPANIES)
        for socket in (
            *_of_company(at, of_platform(players, company.name), seed),
            *_spare(at, company),
        )
    )


def _of_company(at: int, players: Sequence[SimulatedPlayer], seed: int) -> list[SimulatedSocket]:
    random = Random(f"sockets {seed} {at}")
    found: list[SimulatedSocket] = []
    for model, lines in _groups(random, players):
        (first, *_) = everybody = [player for line in lines for player in line]
        found.append(
            SimulatedSocket(
                phone=_phone(at, len(found) + 1),
                model=model,
                name=_name(everybody),
                site=first.site,
                platform=first.platform,
                # The example's socket writes as its company speaks.
                language="en" if at or (found and random.random() < 0.2) else "ru",
                players={
                    number: tuple(player.identity for player in line)
                    for number, line in zip(model.lines, lines, strict=True)
                },
            )
        )
    return found


def _groups(
    random: Random, players: Sequence[SimulatedPlayer]
) -> Iterator[tuple[SocketModel, list[list[SimulatedPlayer]]]]:
    """Yield the players of each socket by line: alone, two on one line, or one on each of two.

    The example hangs alone: rebooting it takes nobody else along.
    """
    waiting = list(players)
    while waiting:
        player = waiting.pop(0)
        drawn = 0.0 if player.identity == EXAMPLE[0] else random.random() * 100
        if drawn < ALONE:
            yield SocketModel.D210, [[player]]
            continue
        at = next((at for at, other in enumerate(waiting) if other.site == player.site), None)
        if at is None or drawn >= ALONE + TOGETHER + SIDE_BY_SIDE:
            continue
        neighbour = waiting.pop(at)
        if drawn < ALONE + TOGETHER:
            yield SocketModel.D210, [[player, neighbour]]
        else:
            yield SocketModel.D410, [[player], [neighbour]]


def _spare(at: int, company: Company) -> Iterator[SimulatedSocket]:
    """Yield two sockets to take into use: a fresh one, and one that obeys a stranger."""
    for number, admin in ((801, None), (802, STRANGER)):
        yield SimulatedSocket(
            phone=_phone(at, number),
            model=SocketModel.D210,
            name=f"spare {number}",
            site=company.sites[0],
            platform=company.name,
            language="en" if at else "ru",
            players={1: ()},
            admin=admin,
            is_spare=True,
        )


def _phone(at: int, number: int) -> str:
    # Harbour's are of the range that is kept for films.
    return f"+447700900{number:03}" if at else f"+7999555{number:04}"


def _name(players: Sequence[SimulatedPlayer]) -> str:
    first, *others = players
    return " + ".join((first.name, *(_spot(player) for player in others)))[:120]


def _spot(player: SimulatedPlayer) -> str:
    return player.name.removeprefix(f"{player.site}, ")
