"""The report on a span of the demo: rows of jobs beside the truth about players."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from demo.report import Span, count, told
from devices.models import Command
from jobs.models import Outcome
from platforms.models import Platform
from tests.jobs.acting_world import NOON, Fleet, finish, make_fleet


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    return make_fleet(platform_a, players=30, bound=3)


def span(fleet: Fleet) -> Span:
    return Span(NOON - timedelta(hours=1), fleet.now + timedelta(minutes=1))


def truth(**told: list[dict[str, Any]]) -> dict[str, Any]:
    began = (NOON - timedelta(minutes=50)).timestamp()
    return {"speed": 1, "began": began, "hanging": [], "losses": [], "told": [], **told}


def hang(fleet: Fleet, number: int, since: datetime) -> dict[str, Any]:
    player = fleet.players[number]
    device = fleet.sockets.get(player.pk)
    return {
        "vendor": "cubic",
        "player": player.identity,
        "socket": None if device is None else device.phone,
        "since": since.timestamp(),
    }


def commanded(fleet: Fleet) -> Command:
    """Let the first player fire, and its command go out now."""
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    command = Command.objects.get(by_job=True)
    Command.objects.filter(pk=command.pk).update(wire_at=fleet.now)
    return command


def test_it_counts_who_hung_and_what_came_of_it(fleet: Fleet) -> None:
    command = commanded(fleet)
    finish(command.execution, Outcome.VERIFIED, fleet.now)
    hanging = [
        hang(fleet, 0, NOON - timedelta(minutes=20)),
        hang(fleet, 1, NOON - timedelta(minutes=55)),
        hang(fleet, 29, NOON - timedelta(minutes=5)),
        hang(fleet, 2, NOON + timedelta(minutes=5)),
    ]
    figures = count(span(fleet), truth(hanging=hanging))
    assert figures["hung"] == 3, "who hangs later is of another span"
    assert figures["hung_became"] == {"has no socket": 1, "never seen well": 1, "verified": 1}
    assert (figures["commanded"], figures["verified"], figures["exhausted"]) == (1, 1, 0)
    assert figures["commands_to_healthy_players"] == 0
    assert "verified" in told(figures)


def test_a_command_to_a_player_that_was_well_is_found(fleet: Fleet) -> None:
    command = commanded(fleet)
    at, player = fleet.now.timestamp() + 1, fleet.players[0].identity
    said = [{"at": at, "socket": command.phone, "well": [player, "somebody else"]}]
    figures = count(span(fleet), truth(told=said))
    assert figures["commands_to_healthy_players"] == 1
    assert figures["those_healthy"][0]["player"] == player
    later = [{**said[0], "at": at + 600}]
    assert count(span(fleet), truth(told=later))["commands_to_healthy_players"] == 0


def test_a_healthy_neighbour_that_went_dark_with_it_is_found(fleet: Fleet) -> None:
    command = commanded(fleet)
    loss = {
        "vendor": "cubic",
        "player": "a neighbour",
        "socket": command.phone,
        "at": fleet.now.timestamp() + 3,
        "told_at": fleet.now.timestamp() + 1,
        "was_well": True,
        "was_well_when_told": True,
        "hung_since": None,
    }
    figures = count(span(fleet), truth(losses=[loss]))
    assert [each["player"] for each in figures["those_healthy"]] == ["a neighbour"]
    assert "a neighbour at" in told(figures)
