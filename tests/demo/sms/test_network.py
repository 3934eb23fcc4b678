"""Messages on their way: what is late, lost or told twice is drawn by their numbers."""

from demo.sms.agenda import Agenda
from demo.sms.network import STEADY, Habits, Network

MANY = 2000


def arrivals(seed: int, habits: Habits) -> list[tuple[int, float]]:
    """Which messages arrive when, of many that are given to the network at once."""
    network, found = Network(Agenda(), seed, habits), []
    for number in range(MANY):
        network.carry(0, lambda at, number=number: found.append((number, at)))  # type: ignore[misc]
    network.agenda.advance(1e6)
    return found


def test_the_same_seed_loses_the_same_messages_and_another_seed_others() -> None:
    assert arrivals(7, Habits()) == arrivals(7, Habits())
    assert arrivals(7, Habits()) != arrivals(8, Habits())


def test_a_few_messages_are_lost_late_and_told_twice() -> None:
    found = arrivals(7, Habits())
    numbers = [number for number, _ in found]
    assert 0.005 < 1 - len(set(numbers)) / MANY < 0.02
    assert 0.01 < (len(numbers) - len(set(numbers))) / MANY < 0.03
    assert 0.015 < sum(at > 20 for _, at in found) / MANY < 0.05
    assert all(at >= 1.5 for _, at in found)


def test_a_network_can_lose_everything_or_nothing() -> None:
    assert arrivals(7, Habits(loss=1)) == []
    assert arrivals(7, STEADY) == [(number, 0.0) for number in range(MANY)]


def test_deeds_are_done_in_the_order_of_their_moments_and_told_them() -> None:
    agenda, done = Agenda(), []

    def first(at: float) -> None:
        done.append(("first", at))
        agenda.at(at + 1, lambda then: done.append(("added", then)))

    agenda.at(5, lambda at: done.append(("last", at)))
    agenda.at(2, first)
    agenda.advance(1.9)
    assert done == []
    agenda.advance(5)
    assert done == [("first", 2), ("added", 3), ("last", 5)]
