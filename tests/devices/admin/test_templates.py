"""Command templates: the catalogue's are read, a platform's own are written field by field."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices import synchronisation
from devices.models import CommandTemplate, DeviceModel
from platforms.models import AuditEntry, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf
from tests.devices.world import give, make_socket

LIST = "admin:devices_commandtemplate_changelist"
ADD = "admin:devices_commandtemplate_add"

OFF_AND_ON = {
    "key": "night_cycle",
    "name_en": "Night cycle",
    "name_ru": "Ночной цикл",
    "step_1_text": "#12#0#{minutes}#1#",
    "step_1_effect": "cycle",
    "p_minutes_kind": "integer",
    "p_minutes_label_en": "Minutes",
    "p_minutes_label_ru": "Минуты",
    "p_minutes_min": "1",
    "p_minutes_max": "30",
    "p_minutes_unit": "min",
    "danger": "power",
    "lines": "1",
    "self_restoring": "on",
    "for_jobs": "on",
}


@pytest.fixture
def d210(db: None) -> DeviceModel:
    synchronisation.synchronise()
    model: DeviceModel = DeviceModel.objects.get(key="simpal_d210")
    return model


def written(model: DeviceModel, **changes: Any) -> dict[str, Any]:
    return {"model": model.pk, **OFF_AND_ON, **changes}


def errors_of(client: Client, fields: dict[str, Any], address: str = "") -> dict[str, list[str]]:
    answer = client.post(address or reverse(ADD), fields)
    assert answer.status_code == 200, "it was stored"
    form = answer.context["adminform"].form
    return {name: [str(each) for each in told] for name, told in form.errors.items()}


def page(template: CommandTemplate, name: str = "change") -> str:
    return reverse(f"admin:devices_commandtemplate_{name}", args=[template.pk])


def own(platform: Platform | None, model: DeviceModel, key: str = "own") -> CommandTemplate:
    definition = {
        "key": key, "name": {"en": "Ask", "ru": "Спросить"}, "help": {"en": "Ask", "ru": "Да"},
        "danger": "none", "code": "#07#", "effect": "query",
    }  # fmt: skip
    row: CommandTemplate = CommandTemplate.objects.create(
        platform=platform, model=model, key=key, definition=definition
    )
    return row


def test_a_time_that_stands_in_the_text_is_asked_for_and_survives_a_change(
    client_of: ClientOf, mona: User, platform_a: Platform, d210: DeviceModel
) -> None:
    row, client = own(platform_a, d210), client_of(mona)
    row.definition = {**(row.definition or {}), "dark_seconds": 90}
    row.save()
    form = client.get(page(row)).context["adminform"].form
    assert form.initial["dark_seconds"] == 90
    assert client.post(page(row), written(d210, dark_seconds="120")).status_code == 302
    row.refresh_from_db()
    assert row.shape.dark_seconds == 120


def test_a_manager_writes_a_template_of_the_platform(
    client_of: ClientOf, mona: User, platform_a: Platform, d210: DeviceModel
) -> None:
    answer = client_of(mona).post(reverse(ADD), written(d210))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    template = CommandTemplate.objects.get(key="night_cycle")
    assert (template.platform, template.model, template.for_jobs) == (platform_a, d210, True)
    shape = template.shape
    assert (shape.name.ru, shape.lines, shape.self_restoring) == ("Ночной цикл", (1,), True)
    (minutes,) = shape.parameters
    assert (minutes.minimum, minutes.maximum, minutes.unit) == (1, 30, "min")
    assert AuditEntry.objects.get().platform == platform_a


def test_what_was_stored_comes_back_into_the_same_fields(
    client_of: ClientOf, mona: User, d210: DeviceModel
) -> None:
    client = client_of(mona)
    client.post(reverse(ADD), written(d210))
    template = CommandTemplate.objects.get(key="night_cycle")
    form = client.get(page(template)).context["adminform"].form
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    posted = {name: value for name, value in shown.items() if value not in (None, False, "")}
    answer = client.post(page(template), posted | {"name_en": "Other"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    before = template.definition or {}
    template.refresh_from_db()
    assert template.definition == before | {"name": {"en": "Other", "ru": "Ночной цикл"}}


def test_a_new_name_in_a_text_is_asked_about_and_nothing_is_stored(
    client_of: ClientOf, mona: User, d210: DeviceModel
) -> None:
    fields = {name: value for name, value in written(d210).items() if not name.startswith("p_")}
    client = client_of(mona)
    answer = client.post(reverse(ADD), fields)
    assert list(answer.context["adminform"].form.errors) == ["step_1_text"]
    assert 'name="p_minutes_label_ru"' in answer.content.decode()
    assert not CommandTemplate.objects.exclude(platform=None).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "Ночь"}, "key"),
        ({"key": "power_cycle"}, "key"),
        ({"step_1_text": "12 {minutes}"}, "step_1_text"),
        ({"step_1_text": "#12#0#{minutes}#1# привет"}, "step_1_text"),
        ({"step_1_text": "#12#0#{minutes#1#"}, "step_1_text"),
        ({"danger": "none"}, "danger"),
        ({"lines": "1, 2"}, "lines"),
        ({"lines": "{line}"}, "lines"),
        ({"p_minutes_label_ru": ""}, "p_minutes_label_ru"),
        ({"p_minutes_min": "40"}, "p_minutes_max"),
        ({"p_minutes_default": "99"}, "p_minutes_default"),
        ({"p_minutes_default": "many"}, "p_minutes_default"),
        ({"p_minutes_choices": "one: two"}, "p_minutes_choices"),
        ({"p_minutes_kind": "word"}, "p_minutes_min"),
        ({"danger": "config"}, "for_jobs"),
    ],
)
def test_what_is_wrong_is_said_on_its_field(
    client_of: ClientOf, mona: User, d210: DeviceModel, changes: dict[str, str], field: str
) -> None:
    found = errors_of(client_of(mona), written(d210, **changes))
    assert field in found, found


def test_a_key_is_the_platforms_once(
    client_of: ClientOf, mona: User, d210: DeviceModel, platform_a: Platform, platform_b: Platform
) -> None:
    own(platform_b, d210, "night_cycle")  # another platform's is no hindrance
    client = client_of(mona)
    assert client.post(reverse(ADD), written(d210)).status_code == 302
    assert list(errors_of(client, written(d210))) == ["key"]


def test_the_preview_shows_the_messages_and_stores_nothing(
    client_of: ClientOf, mona: User, d210: DeviceModel
) -> None:
    fields = written(d210, _preview="1")
    fields |= {"step_2_text": "#07#", "step_2_effect": "query", "step_2_after": "60"}
    answer = client_of(mona).post(reverse(ADD), fields)
    text = answer.content.decode()
    assert "#12#0#1#1#" in text
    assert "60 s after the one before" in text
    assert not CommandTemplate.objects.exclude(platform=None).exists()


def test_templates_of_the_catalogue_are_to_be_read(
    client_of: ClientOf, alice: User, root: User, d210: DeviceModel
) -> None:
    template = CommandTemplate.objects.get(model=d210, key="power_cycle")
    for user in (alice, root):
        text = client_of(user).get(page(template)).content.decode()
        assert "#12#0#" in text
        assert 'name="step_1_text"' not in text
    assert client_of(alice).post(page(template), {"for_jobs": ""}).status_code == 403
    assert client_of(root).post(page(template), {"for_jobs": ""}).status_code == 302
    template.refresh_from_db()
    assert (template.for_jobs, template.definition) == (False, None)
    erasing = CommandTemplate.objects.get(model=d210, key="factory_reset")
    assert list(errors_of(client_of(root), {"for_jobs": "on"}, page(erasing))) == ["for_jobs"]


def test_a_template_for_all_platforms_is_a_superadmins(
    client_of: ClientOf, alice: User, root: User, d210: DeviceModel
) -> None:
    shared = own(None, d210, "shared_one")
    assert client_of(alice).get(page(shared)).status_code == 200
    for name in ("withdraw", "delete"):
        assert client_of(alice).post(page(shared, name)).status_code == 403
    assert client_of(alice).post(page(shared), written(d210)).status_code == 403
    assert client_of(root).post(page(shared, "withdraw")).status_code == 302
    shared.refresh_from_db()
    assert shared.withdrawn_at is not None


def test_a_template_that_was_sent_is_withdrawn_and_not_deleted(
    client_of: ClientOf, mona: User, d210: DeviceModel, platform_a: Platform
) -> None:
    used, unused = own(platform_a, d210, "used"), own(platform_a, d210, "unused")
    device = make_socket(platform_a)
    command = give(device, "status")
    type(command).objects.filter(pk=command.pk).update(template=used)
    client = client_of(mona)
    assert client.post(page(used, "delete"), {"post": "yes"}).status_code == 403
    assert client.post(page(unused, "delete"), {"post": "yes"}).status_code == 302
    assert client.post(page(used, "withdraw")).status_code == 302
    listed = client.get(reverse(LIST), {"by": "people"}).context["cl"].result_list
    assert list(listed) == []
    assert client.post(page(used, "offer")).status_code == 302
    used.refresh_from_db()
    assert used.withdrawn_at is None
    assert not CommandTemplate.objects.filter(pk=unused.pk).exists()


def test_another_platforms_template_does_not_exist(
    client_of: ClientOf, alice: User, d210: DeviceModel, platform_b: Platform
) -> None:
    foreign = own(platform_b, d210)
    for name in ("change", "withdraw", "offer", "delete"):
        assert client_of(alice).get(page(foreign, name)).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.USER])
def test_who_may_not_change_the_fleet_reads_alone(
    client_of: ClientOf, platform_a: Platform, d210: DeviceModel, role: Role
) -> None:
    client = client_of(factories.make_member(platform_a, role))
    template = own(platform_a, d210)
    assert client.get(page(template)).status_code == 200
    assert client.get(reverse(LIST)).status_code == 200
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(page(template), written(d210)).status_code == 403


def test_a_restart_can_be_marked_for_the_button_and_nothing_else(
    client_of: ClientOf, mona: User, d210: DeviceModel
) -> None:
    client = client_of(mona)
    off = written(d210, key="off", step_1_text="#02#0#", step_1_effect="off", self_restoring="")
    del off["p_minutes_kind"]
    assert list(errors_of(client, {**off, "for_reboot": "on"})) == ["for_reboot"]
    answer = client.post(reverse(ADD), written(d210, for_reboot="on"))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert CommandTemplate.objects.get(key="night_cycle").for_reboot
    catalogues = CommandTemplate.objects.get(model=d210, key="power_cycle")
    assert "for_reboot" not in client.get(page(catalogues)).content.decode()
