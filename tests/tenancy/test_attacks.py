"""What can be tried beside guessing ids: parameters, posted links, actions, versions."""

import pytest

from tests.tenancy import attacks
from tests.tenancy.probes import Prober
from tests.tenancy.world import Tenant, World

# Pages whose form charlie can send on own rows: each of them was tried with bent links.
ACCEPTED = {
    "admin/platforms/site/add/",
    "admin/platforms/site/<path:object_id>/change/",
    "admin/platforms/invitation/add/",
    "admin/platforms/membership/<path:object_id>/change/",
    "admin/platforms/apitoken/add/",
    "admin/exporters/player/<path:object_id>/change/",
    "admin/exporters/exporter/add/",
    "admin/exporters/exporter/<path:object_id>/change/",
    "admin/exporters/exportermac/add/",
    "admin/exporters/exportermac/<path:object_id>/change/",
}


@pytest.fixture(params=["charlie on A", "dora on C"])
def attack(request: pytest.FixtureRequest, world: World) -> tuple[Prober, Tenant, Tenant]:
    """Somebody, the own platform, and the platform of the others."""
    return {
        "charlie on A": (Prober(world, "charlie"), world.b, world.a),
        "dora on C": (Prober(world, "dora"), world.b, world.c),
    }[request.param]


def test_no_parameter_reaches_another_platform(attack: tuple[Prober, Tenant, Tenant]) -> None:
    prober, _own, victim = attack
    attacks.try_parameters(prober, victim)
    assert prober.asked > 1000
    prober.verdict()


def test_no_autocomplete_names_rows_of_another_platform(
    attack: tuple[Prober, Tenant, Tenant],
) -> None:
    prober, _own, _victim = attack
    attacks.try_autocomplete(prober)
    prober.verdict()


def test_no_form_takes_a_row_of_another_platform(attack: tuple[Prober, Tenant, Tenant]) -> None:
    prober, own, victim = attack
    tried = attacks.Forms(prober, own, victim)
    tried.try_all()
    prober.verdict()
    if prober.caller == "charlie":
        assert tried.accepted >= ACCEPTED


def test_no_action_touches_rows_of_another_platform(attack: tuple[Prober, Tenant, Tenant]) -> None:
    prober, _own, victim = attack
    attacks.try_actions(prober, victim)
    prober.verdict()


@pytest.mark.parametrize("caller", ["charlie", "dora", "token:exporter-b"])
def test_no_body_of_the_api_names_rows_of_another_platform(world: World, caller: str) -> None:
    prober = Prober(world, caller)
    attacks.try_bodies(prober, world.b, world.c if caller == "dora" else world.a)
    prober.verdict()


@pytest.mark.parametrize("caller", ["charlie", "dora", "token:exporter-b", "token:dora-on-a"])
def test_no_two_scopes_share_a_version(world: World, caller: str) -> None:
    prober = Prober(world, caller)
    attacks.try_versions(prober, world.b if caller == "token:dora-on-a" else world.a)
    prober.verdict()
