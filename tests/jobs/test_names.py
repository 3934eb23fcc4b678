"""Automatic names of jobs: their shape, what is cut first, and how they stay apart."""

from random import Random

from django.utils.translation import override

from jobs.names import (
    LONGEST,
    first_free,
    numbered,
    of_conditions,
    of_rule,
    of_schedule,
    of_several,
    shortened,
)


def test_a_name_tells_what_is_watched_what_is_done_and_when() -> None:
    with override("en"):
        name = of_rule("Lobby", "Restart", "Status is Offline")
        assert name == "Monitoring Lobby → Restart when Status is Offline"
        assert of_schedule("Lobby", "Restart", "every day at 03:00") == (
            "Schedule for Lobby → Restart every day at 03:00"
        )


def test_selections_and_conditions_read_as_a_person_would_say_them() -> None:
    with override("en"):
        assert of_several(["Lobby"], 1) == "Lobby"
        assert of_several(["Lobby", "Hall"], 2) == "Lobby, Hall"
        assert of_several(["Lobby", "Hall"], 3) == "Lobby and 2 more"
        assert of_conditions(["A > 1", "B < 2"], any_of_them=False) == "A > 1 and B < 2"
        assert of_conditions(["A > 1", "B < 2"], any_of_them=True) == "A > 1 or B < 2"


def test_the_longest_part_of_a_long_name_is_cut_first_and_at_a_word() -> None:
    selection = "the players of the shopping centre " * 5
    with override("en"):
        name = of_rule(selection.strip(), "Restart", "Status is Offline")
    assert len(name) <= LONGEST
    assert name.startswith("Monitoring the players of the shopping centre the players")
    assert name.endswith("… → Restart when Status is Offline")


def test_every_part_of_a_name_stays_to_be_seen_however_long_all_are() -> None:
    with override("en"):
        name = of_rule("A" * 300, "B" * 300, "C" * 300)
    assert len(name) <= LONGEST
    assert all(letter * 20 in name for letter in "ABC")


def test_no_name_is_longer_than_it_may_be() -> None:
    chance = Random(11)
    for _ in range(500):
        selection, action, when = ("x y→z" * chance.randint(0, 60) for _ in range(3))
        name = of_rule(selection, action, when)
        assert len(name) <= LONGEST
        assert len(numbered(name, 12)) <= LONGEST


def test_jobs_that_would_be_called_alike_get_numbers() -> None:
    assert first_free("Name", set()) == ("Name", 1)
    assert first_free("Name", {"Name"}) == ("Name #2", 2)
    assert first_free("Name", {"Name", "Name #2", "Name #4"}) == ("Name #3", 3)


def test_a_number_is_seen_at_the_end_of_a_name_of_full_length() -> None:
    name = "n" * LONGEST
    assert numbered(name, 10) == "n" * (LONGEST - 5) + "… #10"


def test_what_is_short_enough_is_not_cut() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert shortened("ab → cd", 6) == "ab…"
