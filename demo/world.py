"""The simulated fleet: who the players are, as a pure function of a seed and a number.

The seeding of the database and the simulated vendor both ask here, so that they agree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from random import Random

SEED = 7
COUNT = 200
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
    sites: tuple[str, ...]
    spots: tuple[str, ...]
    share: float


COMPANIES = (
    Company(
        "Аврора Медиа",
        ("ТЦ Галерея", "ТРК Невский", "Кинотеатр Звезда", "ММ Зауролоф", "Вокзал"),
        ("вход LED", "касса", "эскалатор", "фудкорт", "фасад", "лифт, 2-й этаж"),
        0.7,
    ),
    Company(
        "Harbour Screens",
        ("Harbour Mall", "Ferry Terminal", "Museum Café", "Прибой"),
        ("entrance", "ticket hall", "north wall", "menu board", "pier 3", "витрина"),
        0.3,
    ),
)


@dataclass(frozen=True)
class SimulatedPlayer:
    """One player as it was installed; what becomes of it is in demo.life."""

    mac: str
    name: str
    ip: str
    outip: str
    site: str
    platform: str
    character: Character

    @cached_property
    def draw(self) -> tuple[float, float, float]:
        """Three numbers from 0 to 1 that stay this player's own."""
        random = Random(self.mac)
        return random.random(), random.random(), random.random()


def fleet(seed: int = SEED, count: int = COUNT) -> tuple[SimulatedPlayer, ...]:
    """The players of the simulated world, in the order they were installed."""
    random = Random(seed)
    example = int(EXAMPLE[0].replace(":", "")[6:], 16)
    numbers = [number for number in random.sample(range(1 << 24), count + 1) if number != example]
    players = [_example()] if count else []
    for at in range(1, count):
        company = COMPANIES[0] if random.random() < COMPANIES[0].share else COMPANIES[1]
        site = random.randrange(len(company.sites))
        spot = random.choice(company.spots)
        host = f"{random.randrange(1, 200)}.{random.randrange(2, 250)}"
        players.append(
            SimulatedPlayer(
                mac=_mac(numbers[at]),
                name=f"{company.sites[site]}, {spot} {at}",
                ip=f"192.168.{host}",
                outip=f"203.0.113.{10 + 10 * COMPANIES.index(company) + site}",
                site=company.sites[site],
                platform=company.name,
                character=_character(random),
            )
        )
    return tuple(players)


def of_platform(players: Iterable[SimulatedPlayer], platform: str) -> list[SimulatedPlayer]:
    return [player for player in players if player.platform == platform]


def _example() -> SimulatedPlayer:
    mac, name, ip, outip = EXAMPLE
    company = COMPANIES[0]
    return SimulatedPlayer(mac, name, ip, outip, "ММ Зауролоф", company.name, Character.HANGING)


def _mac(number: int) -> str:
    return f"06:42:40:{number >> 16:02X}:{number >> 8 & 255:02X}:{number & 255:02X}"


def _character(random: Random) -> Character:
    drawn = random.random() * 100
    for character, share in SHARES.items():
        drawn -= share
        if drawn < 0:
            return character
    return Character.STEADY
