"""Who can log in to the demo. No database: the supervisor prints it."""

from dataclasses import dataclass

from demo.world import COMPANIES
from platforms.roles import Role


@dataclass(frozen=True)
class Person:
    """A demo account: in which role, on which company by its place in COMPANIES."""

    name: str
    company: int
    role: Role

    @property
    def email(self) -> str:
        return f"{self.name.lower()}@example.test"

    @property
    def place(self) -> str:
        return f"{self.role.value} of {COMPANIES[self.company].name}"


ROOT = "root@example.test"
CAST = (
    Person("Alice", 0, Role.ADMIN),
    Person("Mona", 0, Role.MANAGER),
    Person("Ursula", 0, Role.USER),
    Person("Bob", 0, Role.VIEWER),
    Person("Charlie", 1, Role.ADMIN),
)
