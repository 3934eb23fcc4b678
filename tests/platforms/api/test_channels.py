"""Notification channels over the API: who may, what belongs together, and no address told."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from platforms.models import AuditEntry, NotificationChannel, Platform, User
from tests.conftest import ApiOf
from tests.platforms.messenger import running_service
from tests.platforms.notice_world import make_channel

pytestmark = pytest.mark.django_db
LIST = "/api/v1/notification-channels"
TOKEN = "canary-key-of-a-webhook"
HOOK = {
    "kind": "webhook",
    "recipients": [],
    "address": f"https://example.test/{TOKEN}",
    "secret": f"{TOKEN}-secret",
}


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Settings) -> None:
    settings.CHANNEL_HOSTS = ["127.0.0.1"]


def by_mail(platform: Platform | None, **values: Any) -> dict[str, Any]:
    own = {"platform_id": platform.pk if platform else None, "name": "Duty", "kind": "mail"}
    return {**own, "recipients": ["duty@example.test"], **values}


def test_a_channel_is_made_changed_and_deleted_each_with_its_line_in_the_record(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    body = by_mail(platform_a, kinds=["gateway_down"], least_severity="critical", language="ru")
    made = client.post(LIST, body, "json")
    assert made.status_code == 201, made.content
    told = made.json()
    assert {name: told[name] for name in body} == body
    place = f"{LIST}/{told['id']}"
    changed = client.patch(place, {"least_severity": "info", "recipients": ["a@b.test"]}, "json")
    assert (changed.json()["least_severity"], changed.json()["recipients"]) == (
        "info",
        ["a@b.test"],
    )
    assert client.get(f"{LIST}?enabled=true").json()["results"] == [changed.json()]
    assert client.delete(place).status_code == 204
    assert not NotificationChannel.objects.exists()
    actions = AuditEntry.objects.order_by("pk").values_list("action", "platform", "actor")
    own = (platform_a.pk, mona.email)
    assert list(actions) == [("created", *own), ("changed", *own), ("deleted", *own)]


def test_an_address_is_written_encrypted_and_told_nowhere(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client = api_of(alice)
    body = {"platform_id": platform_a.pk, "name": "Hook", "kind": "service"}
    address = f"json://127.0.0.1/{TOKEN}"
    made = client.post(LIST, {**body, "address": address}, "json")
    assert made.status_code == 201, made.content
    place = f"{LIST}/{made.json()['id']}"
    renamed = client.patch(place, {"name": "Other"}, "json")
    answers = [made, renamed, client.get(place), client.get(LIST)]
    assert all(TOKEN not in each.content.decode() for each in answers)
    assert "address" not in made.json()
    assert made.json()["service"] == "JSON"
    row = NotificationChannel.objects.get()
    assert row.address.reveal() == address, "a change of something else leaves it"
    assert TOKEN not in str(AuditEntry.objects.values_list("before", "after"))
    to_mail = client.patch(place, {"kind": "mail", "recipients": ["a@b.test"]}, "json")
    assert (to_mail.status_code, to_mail.json()["service"]) == (200, "")
    row.refresh_from_db()
    assert not row.address, "nothing of the other way is kept"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"recipients": []}, "recipients"),
        ({"recipients": ["nobody"]}, "recipients.0"),
        ({"kind": "service"}, "address"),
        ({"kind": "service", "recipients": [], "address": "file:///etc/passwd"}, "address"),
        ({"address": "json://127.0.0.1/x"}, "address"),
        ({"kinds": ["no_such_event"]}, "kinds"),
        ({"least_severity": 20}, "least_severity"),
        ({"hears_platforms": True}, "hears_platforms"),
        ({"last_sent_at": "2026-01-01T00:00:00Z", "scheme": "json"}, "scheme"),
        ({"platform_id": None}, "platform_id"),
        ({"secret": "sixteen-letters-"}, "secret"),
        ({**HOOK, "secret": "fifteen-letters"}, "secret"),
        ({**HOOK, "address": "http://192.0.2.1/"}, "address"),
        ({**HOOK, "address": "json://127.0.0.1/"}, "address"),
        ({**HOOK, "recipients": ["a@b.test"]}, "recipients"),
        ({"kind": "webhook", "recipients": [], "secret": "sixteen-letters-"}, "address"),
        ({"kind": "webhook", "recipients": [], "address": "https://a.test/"}, "secret"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_from": None, "quiet_until": "07:00"}, "quiet_from"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "quiet_until"),
        ({"quiet_from": "24:00", "quiet_until": "07:00"}, "quiet_from"),
    ],
)
def test_what_does_not_belong_together_is_said_on_its_field(
    wrong: dict[str, Any], field: str, api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    answer = api_of(alice).post(LIST, by_mail(platform_a, **wrong), "json")
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not NotificationChannel.objects.exists()


def test_channels_are_for_those_who_manage_and_the_installations_for_superadmins(
    api_of: ApiOf, alice: User, mona: User, ursula: User, bob: User, charlie: User, root: User,
    platform_a: Platform,
) -> None:  # fmt: skip
    own, main = make_channel(platform_a), make_channel(None)
    for person, codes in (
        (root, (200, 200, 200)), (alice, (200, 200, 404)), (mona, (200, 200, 404)),
        (ursula, (403, 403, 403)), (bob, (403, 403, 403)), (charlie, (200, 404, 404)),
    ):  # fmt: skip
        client = api_of(person)
        places = (LIST, f"{LIST}/{own.pk}", f"{LIST}/{main.pk}")
        assert tuple(client.get(each).status_code for each in places) == codes, person.email
        allowed = codes[1] == 200
        test = client.post(f"{LIST}/{own.pk}/test", {}, "json")
        assert (test.status_code == 200) is allowed
    assert api_of(root).post(LIST, by_mail(None), "json").status_code == 201
    moved = api_of(root).patch(f"{LIST}/{own.pk}", {"platform_id": None}, "json")
    assert moved.status_code == 400


def test_mending_a_channel_that_was_switched_off_forgets_its_error(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    channel = make_channel(
        platform_a, enabled=False, disabled_reason="gone", last_error="gone",
        last_error_at="2026-11-22T12:00:00Z",
    )  # fmt: skip
    client, place = api_of(alice), f"{LIST}/{channel.pk}"
    assert client.get(place).json()["last_error_message"]
    kept = client.patch(place, {"name": "Other"}, "json").json()
    assert (kept["disabled_reason"], kept["last_error"]) == ("gone", "gone")
    mended = client.patch(place, {"enabled": True}, "json").json()
    assert (mended["disabled_reason"], mended["last_error"], mended["last_error_at"]) == (
        "", "", None,
    )  # fmt: skip


def test_a_test_message_says_what_became_of_it_and_ten_are_enough(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client = api_of(alice)
    hook = {"platform_id": platform_a.pk, "name": "Hook", "kind": "service"}
    with running_service() as service:
        address = service.url.replace("http", "json", 1)
        made = client.post(LIST, {**hook, "address": address}, "json").json()
        sent = client.post(f"{LIST}/{made['id']}/test", {}, "json")
        assert (sent.status_code, sent.json()["result"]) == (200, "taken")
        assert len(service.bodies) == 1
    failed = client.post(f"{LIST}/{made['id']}/test", {}, "json").json()
    assert failed["result"] == "not_taken"
    assert failed["error"]
    assert failed["message"]
    channel = make_channel(platform_a)
    for _each in range(8):
        client.post(f"{LIST}/{channel.pk}/test", {}, "json")
    assert len(mail.outbox) == 8
    late = client.post(f"{LIST}/{channel.pk}/test", {}, "json")
    assert (late.status_code, late.json()["error"]["code"]) == (429, "throttled")


def test_a_long_list_costs_what_a_short_one_costs(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client, counted = api_of(alice), []
    for wanted in (2, 20):
        for _number in range(wanted - NotificationChannel.objects.count()):
            make_channel(platform_a)
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(LIST).json()["results"]) == wanted
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_quiet_hours_are_read_and_written_in_hours_and_minutes(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client = api_of(alice)
    hours = {"quiet_from": "22:00", "quiet_until": "07:30"}
    made = client.post(LIST, by_mail(platform_a, **hours), "json").json()
    assert {name: made[name] for name in hours} == hours
    place = f"{LIST}/{made['id']}"
    assert client.patch(place, {"quiet_until": "08:00"}, "json").json()["quiet_until"] == "08:00"
    half = client.patch(place, {"quiet_from": None}, "json")
    assert "quiet_from" in half.json()["error"]["fields"]
    off = client.patch(place, {"quiet_from": None, "quiet_until": None}, "json").json()
    assert (off["quiet_from"], off["quiet_until"]) == (None, None)


def test_a_signed_webhook_is_made_changed_and_tried_and_its_secrets_are_told_nowhere(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client = api_of(alice)
    body = {**HOOK, "platform_id": platform_a.pk, "name": "Hook"}
    with running_service() as service:
        made = client.post(LIST, {**body, "address": f"{service.url}/{TOKEN}"}, "json")
        assert made.status_code == 201, made.content
        place = f"{LIST}/{made.json()['id']}"
        tried = client.post(f"{place}/test", {}, "json")
    assert (tried.json()["result"], service.bodies[0]["id"]) == ("taken", None)
    row = NotificationChannel.objects.get()
    renamed = client.patch(place, {"name": "Other"}, "json")
    row.refresh_from_db()
    assert row.secret.reveal() == HOOK["secret"], "a change of something else leaves it"
    other = client.patch(place, {"secret": f"{TOKEN}-another"}, "json")
    row.refresh_from_db()
    assert row.secret.reveal() == f"{TOKEN}-another"
    changed = AuditEntry.objects.order_by("pk").last()
    assert changed is not None
    assert changed.after == {"secret": "set"}
    answers = [made, tried, renamed, other, client.get(place), client.get(LIST)]
    assert all(TOKEN not in each.content.decode() for each in answers)
    assert not {"address", "secret"} & made.json().keys()
    assert TOKEN not in str(AuditEntry.objects.values_list("before", "after"))
    kept = client.patch(place, {"kind": "service"}, "json")
    assert "address" in kept.json()["error"]["fields"], "an address of one way is none of another"
    to_mail = client.patch(place, {"kind": "mail", "recipients": ["a@b.test"]}, "json")
    assert to_mail.status_code == 200
    row.refresh_from_db()
    assert not row.address
    assert not row.secret
    back = client.patch(place, {"kind": "webhook", "address": "https://a.test/"}, "json")
    assert list(back.json()["error"]["fields"]) == ["secret"]
