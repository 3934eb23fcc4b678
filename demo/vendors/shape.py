"""What every simulated vendor has: its world, its latency, its faults. Opens no connection.

A vendor is one file with a subclass, which reads a request and writes what is seen.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import ClassVar, NamedTuple

from demo.faults import (
    CUT,
    HONEST_ERROR,
    Answer,
    Fault,
    Trouble,
    deformed,
    in_place_of,
    response,
)
from demo.present import Look, World


class Request(NamedTuple):
    """One HTTP request, its head as it came."""

    method: str
    path: str
    query: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty when it is not there."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == wanted:
                return value.strip().decode("latin-1")
        return ""


class Question(NamedTuple):
    """What a request asks for, whom its faults are about, and how its answer is written."""

    subject: str
    looks: Sequence[Look]
    write: Callable[[Sequence[Look]], object]


class Refusal(Exception):
    """The vendor does not let this request in; `answer` says so."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        error = {"error": {"code": int(status[:3]), "message": message}}
        self.answer = Answer(response(status, json.dumps(error).encode()))


class Vendor(ABC):
    """One vendor's side of every connection: what to answer, and after how long."""

    name: ClassVar[str]
    title: ClassVar[str]
    path: ClassVar[str]  # what its addresses begin with
    address: ClassVar[str]  # what it is asked at
    identity: ClassVar[str]  # its own word for what it knows a player by
    subjects: ClassVar[str]  # what a fault can be limited to

    def __init__(self, world: World, seed: int = 0) -> None:
        self.world = world
        self.random = Random(seed)
        self.latency = (0.05, 0.3)
        self.error_share = 0.003  # of honest 503 answers now and then
        self.answering = True
        self.trouble = Trouble()
        self.requests = 0

    @abstractmethod
    def question(self, request: Request) -> Question:
        """Read a request; Refusal for one that the vendor does not let in."""

    def answer(self, request: Request) -> Answer:
        """What goes back for one request: honest, or as the fault that is on has it."""
        self.requests += 1
        if not self.answering:
            return CUT
        try:
            asked = self.question(request)
        except Refusal as refusal:
            return refusal.answer
        if self.trouble.fault and self.trouble.strikes(asked.subject, self.random.random()):
            return in_place_of(self.trouble) or self._deformed(asked)
        if self.random.random() < self.error_share:
            return HONEST_ERROR
        value = asked.write(asked.looks)
        return Answer(response("200 OK", json.dumps(value, ensure_ascii=False).encode()))

    def _deformed(self, asked: Question) -> Answer:
        value = asked.write(spoilt(self.trouble.fault, asked.looks))
        # Escaped, for half of a character has no UTF-8.
        return deformed(self.trouble, json.dumps(value).encode())

    def delay(self) -> float:
        low, high = self.latency
        return low if low == high else self.random.uniform(low, high)


def spoilt(fault: Fault | None, looks: Sequence[Look]) -> Sequence[Look]:
    """The players as a fault shows them; as they are when it is a fault of the bytes."""
    match fault:
        case Fault.EMPTY:
            return ()
        case Fault.ALL_OFFLINE:
            return [look._replace(status="offline") for look in looks]
        case Fault.DUPLICATE:
            return [look for look in looks for _ in range(2)]
        case Fault.ODD_STATUS:
            return [look._replace(status="rebooting") for look in looks]
        case Fault.SURROGATE:
            return [look._replace(name=f"\ud83d {look.name}") for look in looks]
    return looks
