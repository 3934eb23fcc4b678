"""The proof of the proof: with one scoping taken out, the probes find the leak; without, none."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.admin.options import ModelAdmin
from rest_framework.serializers import PrimaryKeyRelatedField

from exporters import device_lists
from exporters.api.exporter_macs import ExporterMacDetail
from exporters.models import Exporter, ExporterMac
from exporters.models.player import PlayerQuerySet
from platforms import roles
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.admin.filters import PlatformFilter
from platforms.api import ScopedRelatedField, ScopedViewSet
from platforms.models import ApiToken, Machine, Membership, Platform, User
from platforms.models.membership import InvitationQuerySet
from platforms.models.platform import PlatformQuerySet
from platforms.models.token import ApiTokenQuerySet
from platforms.roles import Deed, Role
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import ScopedFields
from platforms.scoping import ScopedQuerySet
from tests.tenancy import attacks
from tests.tenancy.census import Route, read_table, routes
from tests.tenancy.probes import Prober, outsiders, probe_ids
from tests.tenancy.world import World

Patch = pytest.MonkeyPatch
Probe = Callable[[World], list[str]]


def unscoped(rows: Any, *_who: Any, **_deed: Any) -> Any:
    """Stand in for for_user(): everything, whoever asks."""
    return rows.all()


@dataclass(frozen=True)
class Mutant:
    """One scoping taken out, and the part of the probes that has to notice."""

    name: str
    apply: Callable[[Patch], None]
    probe: Probe


def by_table(caller: str, pattern: str) -> Probe:
    """Ask as in the table, on the rows of platform A, where the address matches."""

    def probe(world: World) -> list[str]:
        prober, table = Prober(world, caller), read_table()
        for route in _matching(pattern):
            number = world.row_of(world.a, route.model).pk if route.model else ""
            for method in route.methods:
                answer = prober.ask(method, route.path(number))
                expected = table[route.place, method][caller]
                if answer.status != expected:
                    prober.leaks.append(f"{method} {route.pattern}: {answer.status}")
        return prober.leaks

    return probe


def by_ids(caller: str, pattern: str) -> Probe:
    """Ask for foreign, deleted and random ids where the address matches."""

    def probe(world: World) -> list[str]:
        prober = Prober(world, caller)
        for route in _matching(pattern):
            probe_ids(prober, route, outsiders(world)[caller])
        return prober.leaks

    return probe


def by_attack(caller: str, attack: Callable[[Prober, World], None]) -> Probe:
    """Try one of the attacks."""

    def probe(world: World) -> list[str]:
        prober = Prober(world, caller)
        attack(prober, world)
        return prober.leaks

    return probe


def _matching(pattern: str) -> list[Route]:
    return [route for route in routes() if re.fullmatch(pattern, route.pattern)]


def _forms(prober: Prober, world: World) -> None:
    attacks.Forms(prober, world.b, world.c).try_all("admin/.*/(site|exportermac)/add/")


def _bodies(prober: Prober, world: World) -> None:
    attacks.try_bodies(prober, world.b, world.a)


def _versions(prober: Prober, world: World) -> None:
    attacks.try_versions(prober, world.a)


def _actions_on_a(prober: Prober, world: World) -> None:
    attacks.try_actions(prober, world.a)


# -- what is taken out --------------------------------------------------------------------------


def admin_list(patch: Patch) -> None:
    patch.setattr(ScopedModelAdmin, "get_queryset", ModelAdmin.get_queryset)


def every_queryset(patch: Patch) -> None:
    patch.setattr(ScopedQuerySet, "for_user", unscoped)


def platforms(patch: Patch) -> None:
    patch.setattr(PlatformQuerySet, "for_user", unscoped)


def invitations(patch: Patch) -> None:
    patch.setattr(InvitationQuerySet, "for_user", unscoped)


def tokens_of_others(patch: Patch) -> None:
    patch.setattr(ApiTokenQuerySet, "for_user", unscoped)
    patch.setattr(ConfirmedDeedsAdmin, "has_view_permission", lambda *_request: True)


def device_page(patch: Patch) -> None:
    patch.setattr(PlayerQuerySet, "for_user", unscoped)
    patch.setattr(PlatformQuerySet, "for_user", unscoped)


def choices(patch: Patch) -> None:
    def everything(_self: Any, field: Any, *_request: Any) -> Any:
        return field.related_model._default_manager.all()

    patch.setattr(ScopedFields, "_choices", everything)


def filter_choices(patch: Patch) -> None:
    def every_platform(*_request: Any) -> list[tuple[str, str]]:
        return [(str(row.pk), row.name) for row in Platform.objects.all()]

    patch.setattr(PlatformFilter, "lookups", every_platform)


def writable_rows(patch: Patch) -> None:
    patch.setattr(ScopedModelAdmin, "writable", lambda _self, _request, rows: rows)


def rights_anywhere(patch: Patch) -> None:
    def anywhere(self: Any, request: Any, obj: Any = None) -> bool:
        return bool(request.user.may(self.write_deed))

    patch.setattr(ScopedModelAdmin, "has_change_permission", anywhere)


def redirect_of_django(patch: Patch) -> None:
    name = "_get_obj_does_not_exist_redirect"
    patch.setattr(ScopedModelAdmin, name, getattr(ModelAdmin, name))


def history(patch: Patch) -> None:
    def any_row(self: Any, _request: Any, object_id: str, _from: Any = None) -> Any:
        return self.model._base_manager.filter(pk=object_id).first()

    patch.setattr(ScopedModelAdmin, "get_object", any_row)
    patch.setattr(ScopedModelAdmin, "has_view_permission", lambda *_request, **_obj: True)


def confirmed_deeds(patch: Patch) -> None:
    def any_row(self: Any, _request: Any, object_id: str) -> Any:
        return self.model._base_manager.get(pk=object_id)

    patch.setattr(ConfirmedDeedsAdmin, "row_or_404", any_row)


def api_rows(patch: Patch) -> None:
    patch.setattr(ScopedViewSet, "get_queryset", lambda self: self.rows.all())


def api_mac(patch: Patch) -> None:
    def any_row(_self: Any, pk: int) -> Any:
        return ExporterMac.objects.select_related("exporter").get(pk=pk)

    patch.setattr(ExporterMacDetail, "_row", any_row)


def api_relation(patch: Patch) -> None:
    patch.setattr(ScopedRelatedField, "get_queryset", PrimaryKeyRelatedField.get_queryset)


def device_list(patch: Patch) -> None:
    patch.setattr(
        device_lists,
        "exporters_for",
        lambda _principal, _wanted: Exporter.objects.order_by("pk"),
    )


def version(patch: Patch) -> None:
    patch.setattr(device_lists.DeviceList, "_etag", lambda _self, _versions: '"one for all"')


def platform_of_a_token(patch: Patch) -> None:
    def memberships(self: Any, deed: Deed) -> Any:
        found = Membership.objects.filter(user=self, role__in=roles.roles_that_may(deed))
        return found.values("platform_id")

    patch.setattr(User, "platform_ids", memberships)


def platform_of_a_machine(patch: Patch) -> None:
    patch.setattr(Machine, "platform_ids", lambda _self, _deed: Platform.objects.values("pk"))


def read_only(patch: Patch) -> None:
    patch.setattr(ApiToken, "allows", lambda _self, _deed: True)


def too_much_for_administrators(patch: Patch) -> None:
    patch.setitem(roles.DEEDS_OF, Role.ADMIN, frozenset(Deed))


MUTANTS = [
    Mutant("admin lists", admin_list, by_table("charlie", "admin/platforms/site/")),
    Mutant("one row of the admin", admin_list, by_ids("charlie", "admin/.*/site/.*/change/")),
    Mutant("for_user itself", every_queryset, by_table("bob", "admin/platforms/auditentry/")),
    Mutant("audit export", every_queryset, by_table("bob", "admin/.*/auditentry/export/")),
    Mutant("MAC export", every_queryset, by_table("bob", "admin/.*/exportermac/export/")),
    Mutant("platforms", platforms, by_table("bob", "admin/platforms/platform/")),
    Mutant("invitations", invitations, by_table("charlie", "admin/platforms/invitation/")),
    Mutant("tokens of others", tokens_of_others, by_table("mona", "admin/platforms/apitoken/")),
    Mutant("device page", device_page, by_table("charlie", "admin/exporters/player/")),
    Mutant("device CSV", device_page, by_table("charlie", "admin/exporters/player/export/")),
    Mutant("monitored devices", device_page, by_table("charlie", "api/v1/monitored-devices")),
    Mutant("choices of forms", choices, by_attack("dora", _forms)),
    Mutant("choices of filters", filter_choices, by_table("dora", "admin/platforms/site/")),
    Mutant("rows of actions", writable_rows, by_attack("dora", _actions_on_a)),
    Mutant("rights on the row", rights_anywhere, by_table("dora", "admin/.*/site/.*/change/")),
    Mutant("404", redirect_of_django, by_table("charlie", "admin/.*/site/.*/change/")),
    Mutant("history", history, by_table("charlie", "admin/platforms/site/.*/history/")),
    Mutant("deeds on a row", confirmed_deeds, by_ids("charlie", ".*/invitation/.*/withdraw/")),
    Mutant("rows of the API", api_rows, by_ids("charlie", "api/v1/exporters/<id:pk>")),
    Mutant("a MAC of the API", api_mac, by_ids("charlie", "api/v1/exporter-macs/<id:pk>")),
    Mutant("relations of the API", api_relation, by_attack("charlie", _bodies)),
    Mutant("the device list", device_list, by_table("token:exporter-b", "api/v1/exporter-macs")),
    Mutant("its version", version, by_attack("charlie", _versions)),
    Mutant("a token's platform", platform_of_a_token, by_table("token:dora-on-a", "api/v1/sites")),
    Mutant(
        "a machine's platform",
        platform_of_a_machine,
        by_table("token:exporter-a", "api/v1/platform-exporters"),
    ),
    Mutant("read-only tokens", read_only, by_table("token:alice-read", "api/v1/exporters.*")),
    Mutant(
        "administrators own all",
        too_much_for_administrators,
        by_table("alice", "admin/exporters/exporterprocess/.*"),
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_scoping_taken_out_is_noticed_by_a_probe_that_was_silent_before(
    world: World, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mutant.probe(world) == []
    with monkeypatch.context() as patch:
        mutant.apply(patch)
        assert mutant.probe(world) != []
