"""A few outages over a small fleet: nobody is commanded for them, and a planted bug is found."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices import durability

from .checker import MUST_BE_ZERO, report
from .lab import Laboratory
from .plants import PLANTS
from .scenes import PLAYERS, SCENES
from .schedule import KINDS, Drawing

SEEDS = (1, 9)  # nothing but faults; a process that is killed while a vendor lies
NOTHING = dict.fromkeys(MUST_BE_ZERO, 0)


@pytest.fixture
def laboratory(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Laboratory]:
    """A fleet of some players. What the database forgets in a crash is asked elsewhere."""
    monkeypatch.setattr(durability, "demand", lambda _connection: None)
    logging.disable(logging.CRITICAL)
    with Laboratory(tmp_path, PLAYERS) as lab:
        yield lab
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def clean() -> set[str]:
    """The scenes in which nothing was found while no bug was planted."""
    return set()


def test_no_outage_has_a_healthy_player_commanded(laboratory: Laboratory) -> None:
    drawing = Drawing(PLAYERS, seconds=1200)
    told = report([laboratory.run(drawing.draw(seed)) for seed in SEEDS])
    assert {name: told[name] for name in MUST_BE_ZERO} == NOTHING, told["violations"]


@pytest.mark.parametrize("name", PLANTS)
def test_a_bug_that_is_planted_is_found_where_nothing_is_found_without_it(
    laboratory: Laboratory, name: str, clean: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = PLANTS[name]
    if plant.scene not in clean:
        without = report([laboratory.run(SCENES[plant.scene])])
        assert {rule: without[rule] for rule in MUST_BE_ZERO} == NOTHING, without["violations"]
        clean.add(plant.scene)
    plant.sow(monkeypatch.setattr)
    assert report([laboratory.run(SCENES[plant.scene], until=plant.rule)])[plant.rule] > 0


def test_every_kind_of_outage_is_drawn_and_a_seed_repeats_itself() -> None:
    drawing = Drawing(1000)
    schedules = [drawing.draw(seed) for seed in range(200)]
    assert {each.kind for schedule in schedules for each in schedule.outages} == set(KINDS)
    assert sum(fault.demanded for each in schedules for fault in each.faults) > 50
    assert Drawing(1000).draw(7) == schedules[7]
