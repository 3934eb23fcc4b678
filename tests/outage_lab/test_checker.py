"""What counts as a crowd: as many as no brake lets through, of those that a brake counts."""

from .checker import Record, Telling
from .pages import Process
from .schedule import A1, OF_A, Fault, Schedule
from .truth import Truth

SOURCE = range(100)


def crowded(schedule: Schedule) -> bool:
    """Tell whether a message to the first player is one into a crowd."""
    record = Record(schedule, Truth(schedule), 0.0, bounds=(SOURCE,))
    record.told(Telling(0, 400.0, "off"))
    return "crowded" in {each["rule"] for each in record.violations}


def hanging(number: int) -> tuple[Fault, ...]:
    return tuple(Fault(player, 10) for player in range(number))


def test_more_than_a_fifth_of_a_source_is_a_crowd() -> None:
    assert not crowded(Schedule(1, 900, (), hanging(20)))
    assert crowded(Schedule(1, 900, (), hanging(21)))


def test_who_was_never_seen_well_is_neither_bad_nor_one_of_those_of_whom_a_fifth_may_be() -> None:
    late = tuple(range(50, 100))
    assert not crowded(Schedule(1, 900, (), hanging(10), late_players=late))
    assert crowded(Schedule(1, 900, (), hanging(11), late_players=late))


def test_whom_a_vendor_once_said_to_be_well_was_seen_well() -> None:
    schedule = Schedule(1, 900, late_players=(0, 1))
    record = Record(schedule, Truth(schedule), 0.0, bounds=(SOURCE,))
    process = Process(OF_A, "cubic", [], None, 0.0)
    said, silent = (process.of("status", {"mac": str(n)}, (A1, n)) for n in (0, 1))
    record.scraped(process, {said: 1.0, silent: 0.0}, 300.0)
    for player in (0, 1):
        record.told(Telling(player, 800.0, "off"))
    assert [(each["rule"], each["player"]) for each in record.violations] == [("never_well", 1)]
