"""Who may read: each proof once in full, then from memory; guesses hold up nobody."""

import asyncio
import base64
import time
from collections.abc import Mapping

import bcrypt
import pytest

from exporters.process import guard
from exporters.process.exchange import Asked, Page
from exporters.process.guard import Guard

WORD = "пароль: with a colon"


def hashed(password: str, cost: int = 4) -> bytes:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost))


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def guarding(users: Mapping[str, bytes] | None = None, token: str = "") -> Guard:
    made = Guard()
    made.change(users or {}, token)
    return made


async def code(guarded: Guard, authorization: str, path: str = "/metrics", peer: str = "a") -> int:
    """Return what a request would get; 200: it may read."""
    refused = await guarded.refusal(Asked(path, False, authorization, peer))
    return refused.code if refused else 200


def codes(guarded: Guard, *authorizations: str) -> list[int]:
    async def ask() -> list[int]:
        return [await code(guarded, each) for each in authorizations]

    return asyncio.run(ask())


def test_with_nothing_set_everybody_may_read() -> None:
    assert codes(guarding(), "", "Basic nonsense", "Bearer x") == [200, 200, 200]


def test_a_name_with_its_password_may_read_and_nobody_else() -> None:
    guarded = guarding({"alice": hashed(WORD), "bob": hashed("bob's")})
    right = [basic("alice", WORD), basic("bob", "bob's"), basic("alice", WORD).replace("B", "b", 1)]
    wrong = [
        "",
        "Basic",
        "Basic ???",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b"\xff:x").decode(),
        basic("alice", "bob's"),
        basic("alice", WORD[:-1]),
        basic("alice", ""),
        basic("alice", WORD + "x" * 100),
        basic("Alice", WORD),
        basic("charlie", WORD),
        "Bearer " + WORD.split()[1],
        hashed(WORD).decode(),
    ]
    assert codes(guarded, *right) == [200] * len(right)
    assert codes(guarded, *wrong) == [401] * len(wrong)


def test_the_bearer_of_the_token_may_read_and_nobody_else() -> None:
    guarded = guarding(token="t0ken")
    assert codes(guarded, "Bearer t0ken", "bearer  t0ken") == [200, 200]
    assert codes(guarded, "Bearer t0ke", "Bearer t0ken2", "Bearer ", "t0ken", "Bearer \xfc") == (
        [401] * 5
    )
    assert codes(guarding({"alice": hashed("a")}), "Bearer ", basic("alice", "a")) == [401, 200]


def test_either_proof_will_do_when_both_are_set_and_the_refusal_asks_for_both() -> None:
    guarded = guarding({"alice": hashed("a")}, "t0ken")
    assert codes(guarded, "Bearer t0ken", basic("alice", "a")) == [200, 200]

    async def ask() -> Page | None:
        return await guarded.refusal(Asked("/", False))

    refused = asyncio.run(ask())
    assert refused is not None
    ways = [value.split()[0] for name, value in refused.headers if name == "WWW-Authenticate"]
    assert ways == ["Basic", "Bearer"]


@pytest.mark.parametrize(("path", "expected"), [
    ("/-/healthy", 200), ("/-/ready", 200), ("/", 401), ("/metrics", 401), ("/nothing", 401),
    ("/-/healthy/", 401), ("//-/healthy", 401),
])  # fmt: skip
def test_health_is_open_and_all_else_is_not(path: str, expected: int) -> None:
    assert asyncio.run(code(guarding(token="t0ken"), "", path)) == expected


def test_a_right_password_is_hashed_once_and_a_repeated_wrong_one_too() -> None:
    guarded = guarding({"alice": hashed("a", cost=10)})

    async def ask(authorization: str) -> tuple[float, float]:
        started = time.monotonic()
        await asyncio.gather(*(code(guarded, authorization) for _turn in range(50)))
        first = time.monotonic() - started
        for _turn in range(1000):
            await code(guarded, authorization)
        return first, time.monotonic() - started - first

    for authorization in (basic("alice", "a"), basic("alice", "b")):
        first, rest = asyncio.run(ask(authorization))
        assert first > 0.02  # it was hashed indeed
        assert rest < 0.5  # a thousand hashes take a minute


def test_a_changed_password_ends_what_was_remembered() -> None:
    guarded = guarding({"alice": hashed("old")})
    assert codes(guarded, basic("alice", "old"), basic("alice", "new")) == [200, 401]
    guarded.change({"alice": hashed("new")}, "")
    assert codes(guarded, basic("alice", "old"), basic("alice", "new")) == [401, 200]
    guarded.change({"bob": hashed("new")}, "")
    assert codes(guarded, basic("alice", "new")) == [401]


def test_who_guesses_gets_503_and_holds_up_nobody_else() -> None:
    guarded = guarding({"alice": hashed("a", cost=8), "bob": hashed("b", cost=8)})

    async def storm() -> None:
        assert await code(guarded, basic("alice", "a")) == 200
        guesses = [
            asyncio.create_task(code(guarded, basic("alice", f"guess {number}"), peer="evil"))
            for number in range(500)
        ]
        await asyncio.sleep(0)
        started = time.monotonic()
        assert await code(guarded, basic("alice", "a"), peer="honest") == 200
        assert [await guess for guess in guesses if guess.done()].count(401) == 0  # from memory
        assert await code(guarded, basic("bob", "b"), peer="honest") == 200  # waits its turn
        assert time.monotonic() - started < guard.CHECKED_WITHIN
        found = await asyncio.gather(*guesses)
        assert found.count(401) == guard.WAITING_OF_ONE_PEER
        assert found.count(503) == 500 - guard.WAITING_OF_ONE_PEER

    asyncio.run(storm())


def test_guesses_from_everywhere_take_a_share_of_one_core() -> None:
    guarded = guarding({"alice": hashed("a", cost=10)})

    async def storm() -> tuple[float, float]:
        started, used = time.monotonic(), time.process_time()
        number = 0
        while time.monotonic() - started < 2:
            number += 1
            asyncio.create_task(  # noqa: RUF006 (what becomes of it is of no interest)
                code(guarded, basic("alice", f"guess {number}"), peer=str(number))
            )
            await asyncio.sleep(0.01)
        return time.process_time() - used, time.monotonic() - started

    cpu, seconds = asyncio.run(storm())
    assert cpu / seconds < 0.6


def test_guesses_do_not_push_what_is_right_out_of_memory() -> None:
    guarded = guarding({"alice": hashed("a")})

    async def storm() -> None:
        assert await code(guarded, basic("alice", "a")) == 200
        for number in range(guard.REMEMBERED + 10):
            assert await code(guarded, basic("alice", f"guess {number}")) == 401
        assert len(guarded._wrong) == guard.REMEMBERED
        assert len(guarded._right) == 1

    asyncio.run(storm())


def test_a_name_that_is_not_known_takes_as_long_as_one_that_is() -> None:
    guarded = guarding({"alice": hashed("a", cost=9)})

    async def seconds(name: str) -> float:
        started = time.monotonic()
        await code(guarded, basic(name, "wrong"))
        return time.monotonic() - started

    known, unknown = asyncio.run(seconds("alice")), asyncio.run(seconds("nobody"))
    assert 0.3 < unknown / known < 3


def test_a_secret_is_never_shown() -> None:
    assert "t0ken" not in repr(Asked("/", False, "Bearer t0ken"))
