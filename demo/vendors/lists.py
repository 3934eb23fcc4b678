"""What vendors have in common that list their players page by page to whoever has a token."""

from abc import abstractmethod
from enum import StrEnum
from typing import ClassVar

from demo.present import Look, World
from demo.vendors.shape import Refusal, Vendor
from demo.world import COMPANIES, Character, SimulatedPlayer


class Paging(StrEnum):
    """What the vendor makes of a limit and an offset."""

    HONOURS = "honours"
    IGNORES_OFFSET = "ignores_offset"  # always the first page
    IGNORES_LIMIT = "ignores_limit"  # all that is behind the offset


class ListingVendor(Vendor):
    """Shows each platform its own players."""

    subjects = "platforms"
    largest_page: ClassVar[int]

    def __init__(self, world: World, seed: int = 0) -> None:
        super().__init__(world, seed)
        self.paging = Paging.HONOURS
        self.shrunk_to: int | None = None  # so many players of each platform are left in its list
        self.tokens = {company.token(self.name): company.name for company in COMPANIES}
        self._added = 0

    @abstractmethod
    def new_identity(self, number: int) -> str:
        """What the vendor calls the player that is added as its number-th, from 1."""

    def platform(self, token: str) -> str:
        """Whose token it is; Refusal for a wrong one."""
        if token not in self.tokens:
            raise Refusal("401 Unauthorized", "the token is missing or wrong")
        return self.tokens[token]

    def page(self, platform: str, offset: int, limit: int) -> tuple[list[Look], int]:
        """The players of one page, and how many its platform has."""
        players = self.world.of_platform(platform)[: self.shrunk_to]
        begin = 0 if self.paging is Paging.IGNORES_OFFSET else offset
        end = None if self.paging is Paging.IGNORES_LIMIT else begin + limit
        return self.world.looks(players[begin:end]), len(players)

    def add(self, platform: str, count: int) -> None:
        """Install new players, online, at the end of a platform's list; ValueError for no such."""
        company = next((each for each in COMPANIES if each.name == platform), None)
        if company is None:
            raise ValueError(f"no such platform: {platform!r}")
        for _ in range(count):
            self._added += 1
            identity = self.new_identity(self._added)
            site = company.sites[self._added % len(company.sites)]
            name, ip = f"{site}, new {self._added}", f"192.168.200.{self._added % 250 + 2}"
            steady = Character.STEADY
            self.world.add(
                SimulatedPlayer(identity, name, ip, "203.0.113.9", site, platform, steady)
            )


def whole(value: object, default: int, largest: int) -> int:
    """Read a limit or an offset, as a JSON number or digits; Refusal for anything else."""
    if value is None:
        return default
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise Refusal("400 Bad Request", "a whole number is expected")
    return min(int(text), largest)
