"""The brake knows what was amiss a minute ago, whether or not an action was due then."""

from datetime import timedelta

import pytest

from exporters.models import Player
from jobs import unrest
from jobs.models import Brake, Mode
from platforms.models import Platform
from tests.jobs.acting_world import NOON, Fleet, make_fleet, why

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """A fleet of thirty, of which six may be bad."""
    fleet = make_fleet(platform_a, 30, 3)
    Player.objects.update(last_seen=NOON)
    return fleet


def engaged(fleet: Fleet) -> set[int | None]:
    """Return the domains whose brakes are engaged."""
    rows = Brake.objects.filter(platform=fleet.platform, engaged=True)
    return set(rows.values_list("exporter", flat=True))


def test_who_is_still_wrong_when_a_vendor_has_almost_recovered_is_not_restarted(
    fleet: Fleet,
) -> None:
    for player in fleet.players[:20]:
        fleet.see(player, bad=True)
    fleet.act()
    assert engaged(fleet) == {None, fleet.exporter.pk}
    for player in fleet.players[2:20]:
        fleet.see(player, bad=False)
    episodes = fleet.fire(*fleet.players[:2], minutes=0)
    assert fleet.act(minutes=1) == 0
    assert why(episodes[0])[0] == "brake"


def test_a_source_that_was_not_known_for_some_slots_engages_it_and_a_single_slot_does_not(
    fleet: Fleet,
) -> None:
    fleet.tick(known=False, known_since=fleet.slot - 1)
    assert unrest.platforms(fleet.now) == set()
    fleet.tick(known=False, known_since=fleet.slot - 3)
    assert unrest.platforms(fleet.now) == {fleet.platform.pk}
    assert unrest.platforms(fleet.now + timedelta(minutes=2)) == set()  # nobody evaluates


def test_few_that_are_bad_new_ones_and_those_of_a_shadow_make_no_unrest(fleet: Fleet) -> None:
    for player in fleet.players[:2]:
        fleet.see(player, bad=True)
    for player in fleet.players[2:20]:
        fleet.see(player, bad=True, seen_good=False)
    assert unrest.platforms(fleet.now) == set()
    for player in fleet.players[:20]:
        fleet.see(player, bad=True)
    assert unrest.platforms(fleet.now) == {fleet.platform.pk}
    fleet.job.mode = Mode.SHADOW
    fleet.job.save()
    assert unrest.platforms(fleet.now) == set()
