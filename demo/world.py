"""The simulated fleets, one per vendor: who the players are, by a seed and a number. Pure.

The seeding of the database and the simulated vendors both ask here, so that they agree.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from random import Random

SEED = 7
COUNT = 200
DEVICES = 273
SCREENS = 40
# The player of the metric contract's example; the first of every fleet.
EXAMPLE = ("06:42:40:92:60:B4", "ММ Зауролоф LED", "192.168.111.27", "94.72.61.150")


class Character(StrEnum):
    """How a player lives."""

    STEADY = "steady"  # online
    FLAPPING = "flapping"  # on and off, a few minutes each
    HANGING = "hanging"  # offline once it hangs, until somebody cycles its power
    MOVING = "moving"  # online, with another address every few minutes
    DARK = "dark"  # switched off
    UNKNOWN = "unknown"  # the vendor does not know this MAC


# Of a hundred players; the rest is steady.
SHARES = {
    Character.FLAPPING: 9,
    Character.HANGING: 5,
    Character.MOVING: 4,
    Character.DARK: 3,
    Character.UNKNOWN: 3,
}


@dataclass(frozen=True)
class Company:
    """One platform of the demo, its places and the words its players are named with."""

    name: str
    slug: str
    sites: tuple[str, ...]
    spots: tuple[str, ...]
    share: float

    def token(self, vendor: str) -> str:
        """What this company shows a vendor to be let in."""
        return f"{vendor}-of-{self.slug}"


COMPANIES = (
    Company(
        "Аврора Медиа",
        "aurora",
        ("ТЦ Галерея", "ТРК Невский", "Кинотеатр Звезда", "ММ Зауролоф", "Вокзал"),
        ("вход LED", "касса", "эскалатор", "фудкорт", "фасад", "лифт, 2-й этаж"),
        0.7,
    ),
    Company(
        "Harbour Screens",
        "harbour",
        ("Harbour Mall", "Ferry Terminal", "Museum Café", "Прибой"),
        ("entrance", "ticket hall", "north wall", "menu board", "pier 3", "витрина"),
        0.3,
    ),
)


@dataclass(frozen=True)
class SimulatedPlayer:
    """One player as it was installed; what becomes of it is in demo.life."""

    identity: str  # what its vendor knows it by: a MAC, a number, a short name
    name: str
    ip: str
    outip: str
    site: str
    platform: str
    character: Character

    @cached_property
    def draw(self) -> tuple[float, float, float]:
        """Three numbers from 0 to 1 that stay this player's own."""
        random = Random(self.identity)
        return random.random(), random.random(), random.random()


def fleet(seed: int = SEED, count: int = COUNT) -> tuple[SimulatedPlayer, ...]:
    """CubicMedia's players, known by their MACs, in the order they were installed."""
    random = Random(seed)
    example = int(EXAMPLE[0].replace(":", "")[6:], 16)
    numbers = [number for number in random.sample(range(1 << 24), count + 1) if number != example]
    players = [_example()] if count else []
    for at in range(1, count):
        company = COMPANIES[0] if random.random() < COMPANIES[0].share else COMPANIES[1]
        players.append(_installed(random, company, f"06:42:40:{_hexadecimal(numbers[at])}", at))
    return tuple(players)


def devices(seed: int = SEED, count: int = DEVICES) -> tuple[SimulatedPlayer, ...]:
    """AddReality's devices, known by numbers: `count` of one company, a fifth of it of the other.

    The first is the example of the vendor's answer.
    """
    random, number = Random(f"devices {seed}"), 51234
    found: list[SimulatedPlayer] = []
    for company, many in zip(COMPANIES, (count, count // 5), strict=True):
        for _ in range(many):
            found.append(_listed(_installed(random, company, str(number), len(found))))
            number += random.randrange(1, 9)
    if found:
        found[0] = replace(found[0], name="Mall 3, entrance", character=Character.STEADY)
    return tuple(found)


def screens(seed: int = SEED, count: int = SCREENS) -> tuple[SimulatedPlayer, ...]:
    """The screens of the second company's content system, known by short names."""
    random = Random(f"screens {seed}")
    numbers = range(1, count + 1)
    return tuple(_listed(_installed(random, COMPANIES[1], f"LM-{at:04}", at)) for at in numbers)


def of_platform(players: Iterable[SimulatedPlayer], platform: str) -> list[SimulatedPlayer]:
    return [player for player in players if player.platform == platform]


def _example() -> SimulatedPlayer:
    mac, name, ip, outip = EXAMPLE
    company = COMPANIES[0]
    return SimulatedPlayer(mac, name, ip, outip, "ММ Зауролоф", company.name, Character.HANGING)


def _installed(random: Random, company: Company, identity: str, at: int) -> SimulatedPlayer:
    """Hang one player somewhere at a company."""
    site = random.randrange(len(company.sites))
    spot = random.choice(company.spots)
    host = f"{random.randrange(1, 200)}.{random.randrange(2, 250)}"
    return SimulatedPlayer(
        identity=identity,
        name=f"{company.sites[site]}, {spot} {at}",
        ip=f"192.168.{host}",
        outip=f"203.0.113.{10 + 10 * COMPANIES.index(company) + site}",
        site=company.sites[site],
        platform=company.name,
        character=_character(random),
    )


def _listed(player: SimulatedPlayer) -> SimulatedPlayer:
    """A vendor that lists its players knows them all."""
    unknown = player.character is Character.UNKNOWN
    return replace(player, character=Character.STEADY) if unknown else player


def _hexadecimal(number: int) -> str:
    return f"{number >> 16:02X}:{number >> 8 & 255:02X}:{number & 255:02X}"


def _character(random: Random) -> Character:
    drawn = random.random() * 100
    for character, share in SHARES.items():
        drawn -= share
        if drawn < 0:
            return character
    return Character.STEADY
