"""Pages of notification channels: who may, what is asked, the test button, no secrets."""

import re
from datetime import time
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platforms.models import (
    AuditEntry,
    ChannelKind,
    Delivery,
    DeliveryItem,
    DeliveryState,
    Membership,
    Notice,
    NotificationChannel,
    Platform,
    User,
)
from platforms.models.audit import Action
from platforms.notice_kinds import Severity
from platforms.roles import Role
from platforms.signatures import signed as signature
from tests import factories
from tests.conftest import ClientOf
from tests.platforms.messenger import running_service
from tests.platforms.notice_world import NOW, SECRET, make_channel, make_signed, make_webhook

pytestmark = pytest.mark.django_db
LIST = "/admin/platforms/notificationchannel/"


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Any) -> None:
    """Let channels of these tests lead to this machine."""
    settings.CHANNEL_HOSTS = ["127.0.0.1"]


def typed(**values: Any) -> dict[str, Any]:
    """Return a filled in form."""
    return {
        "name": "Duty",
        "kind": ChannelKind.MAIL,
        "recipients": "duty@example.test",
        "address": "",
        "language": "ru",
        "kinds": ["gateway_down"],
        "least_severity": Severity.WARNING,
        "enabled": "on",
        **values,
    }


def errors_of(answer: Any) -> dict[str, list[str]]:
    """Return the errors of the form that came back."""
    errors: dict[str, list[str]] = answer.context["adminform"].form.errors
    return errors


@pytest.mark.parametrize(
    ("who", "status"), [("root", 200), ("alice", 200), ("mona", 200), ("ursula", 403), ("bob", 403)]
)
def test_administrators_and_managers_keep_channels(
    who: str, status: int, platform_a: Platform, request: pytest.FixtureRequest, client_of: ClientOf
) -> None:
    channel = make_channel(platform_a)
    client = client_of(request.getfixturevalue(who))
    for page in (LIST, f"{LIST}add/", f"{LIST}{channel.pk}/change/"):
        assert client.get(page).status_code == status
    assert client.get(f"{LIST}{channel.pk}/test/").status_code == (200 if status == 200 else 404)
    assert client.get("/admin/platforms/delivery/").status_code == status


def test_whoever_has_one_platform_is_not_asked_for_it(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client = client_of(alice)
    assert 'name="platform"' not in client.get(f"{LIST}add/").content.decode()
    answer = client.post(f"{LIST}add/", typed())
    assert answer.status_code == 302
    channel = NotificationChannel.objects.get()
    assert (channel.platform, channel.kinds, channel.language) == (
        platform_a,
        ["gateway_down"],
        "ru",
    )
    assert AuditEntry.objects.get(action=Action.CREATED).platform == platform_a


def test_nobody_but_a_superadmin_makes_a_channel_of_the_installation(
    alice: User, root: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.ADMIN)
    answer = client_of(alice).post(f"{LIST}add/", typed(platform=""))
    assert "platform" in errors_of(answer)
    other = factories.make_platform("Gamma")
    answer = client_of(alice).post(f"{LIST}add/", typed(platform=other.pk))
    assert "platform" in errors_of(answer)
    assert client_of(root).post(f"{LIST}add/", typed(platform="")).status_code == 302
    assert NotificationChannel.objects.get().platform is None


def test_a_posted_platform_of_others_is_refused_where_nobody_asked(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    client_of(alice).post(f"{LIST}add/", typed(platform=platform_b.pk))
    client_of(alice).post(f"{LIST}add/", typed(hears_platforms="on"))
    assert not NotificationChannel.objects.filter(platform=platform_b).exists()
    assert not NotificationChannel.objects.filter(hears_platforms=True).exists()


def test_channels_of_others_and_of_the_installation_are_not_there(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    client = client_of(alice)
    for platform in (platform_b, None):
        channel = make_channel(platform, name="Hidden one")
        delivery = Delivery.objects.create(
            platform=platform, channel=channel, family="x", next_try=NOW, created_at=NOW
        )
        for page in (
            f"{LIST}{channel.pk}/change/",
            f"{LIST}{channel.pk}/test/",
            f"{LIST}{channel.pk}/delete/",
            f"/admin/platforms/delivery/{delivery.pk}/change/",
        ):
            assert client.get(page).status_code == 404
            assert client.post(page).status_code in {403, 404}
    assert "Hidden one" not in client.get(LIST).content.decode()
    assert "Hidden one" not in client.get("/admin/platforms/delivery/").content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"recipients": ""}, "recipients", "at least one address"),
        ({"recipients": "duty@example.test\nnobody"}, "recipients", "“nobody” is not an e-mail"),
        (
            {"recipients": "\n".join(f"a{n}@example.test" for n in range(21))},
            "recipients",
            "At most 20",
        ),
        ({"kind": "service"}, "address", "Enter the address"),
        ({"kind": "service", "address": "file:///etc/passwd"}, "address", "not among the allowed"),
        ({"kind": "service", "address": "tgram://x"}, "address", "not one that the service"),
    ],
)
def test_what_a_channel_lacks_is_said_beside_its_field(
    values: dict[str, str], field: str, text: str, alice: User, client_of: ClientOf
) -> None:
    answer = client_of(alice).post(f"{LIST}add/", typed(**values))
    assert text in errors_of(answer)[field][0]
    assert not NotificationChannel.objects.exists()


def test_the_address_of_a_service_is_stored_sealed_and_shown_nowhere(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    address = "tgram://123456789:c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4r/1234567/"
    client = client_of(alice)
    wrong = client.post(f"{LIST}add/", typed(kind="service", address=address, name=""))
    answer = client.post(f"{LIST}add/", typed(kind="service", address=address, recipients=""))
    assert answer.status_code == 302
    channel = NotificationChannel.objects.get()
    assert channel.address.reveal() == address
    assert channel.scheme == "tgram"
    pages = [wrong.content.decode()]
    pages += [client.get(page).content.decode() for page in (LIST, f"{LIST}{channel.pk}/change/")]
    client.post(f"{LIST}{channel.pk}/change/", typed(kind="service", recipients="", name="New"))
    channel.refresh_from_db()
    assert channel.name == "New"
    assert channel.address.reveal() == address, "left empty, it stays"
    pages.append(str(list(AuditEntry.objects.values())))
    pages.append(client.get("/admin/platforms/auditentry/").content.decode())
    assert "c4n4ry" not in "".join(pages)
    assert "Telegram" in pages[1]


def test_a_channel_that_goes_over_to_mail_forgets_its_address(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_webhook(platform_a, "json://127.0.0.1:9/x")
    client_of(alice).post(f"{LIST}{channel.pk}/change/", typed())
    channel.refresh_from_db()
    assert not channel.address
    assert channel.scheme == ""


def test_switching_a_channel_on_again_forgets_why_it_was_off(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_channel(
        platform_a, enabled=False, disabled_reason="status:410", last_error="status:410"
    )
    page = client_of(alice).get(f"{LIST}{channel.pk}/change/").content.decode()
    assert "The service answered with the error 410." in page
    client_of(alice).post(f"{LIST}{channel.pk}/change/", typed())
    channel.refresh_from_db()
    assert channel.enabled
    assert (channel.disabled_reason, channel.last_error) == ("", "")


def test_a_channel_goes_with_its_messages_and_the_record_says_so(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_channel(platform_a)
    Delivery.objects.create(
        platform=platform_a, channel=channel, family="x", next_try=NOW, created_at=NOW
    )
    answer = client_of(alice).post(f"{LIST}{channel.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Delivery.objects.exists()
    assert AuditEntry.objects.get(action=Action.DELETED).target == "Duty"


def test_a_platform_goes_with_its_channels_and_notices(
    root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_channel(platform_a)
    notice = Notice.objects.create(
        platform=platform_a, kind="socket_silent", severity=Severity.WARNING, at=NOW
    )
    delivery = Delivery.objects.create(
        platform=platform_a, channel=channel, family="x", next_try=NOW, created_at=NOW
    )
    DeliveryItem.objects.create(delivery=delivery, notice=notice)
    page = f"/admin/platforms/platform/{platform_a.pk}/delete/"
    assert client_of(root).post(page, {"post": "yes"}).status_code == 302
    assert not Platform.objects.exists()
    assert not NotificationChannel.objects.exists()


# -- the test button ----------------------------------------------------------------------------


def test_the_button_asks_first_then_sends_and_says_what_became_of_it(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    with running_service("200 OK") as service:
        channel = make_webhook(platform_a, service.address)
        page = f"{LIST}{channel.pk}/test/"
        assert "A test message goes to" in client_of(alice).get(page).content.decode()
        assert service.bodies == []
        answer = client_of(alice).post(page, follow=True)
    assert "The test message was taken." in answer.content.decode()
    assert "Alice tries the notification channel “Duty”." in service.texts[0]
    entry = AuditEntry.objects.get(action=Action.TESTED)
    assert (entry.actor, entry.after) == ("alice@example.test", {"outcome": "sent"})


def test_a_test_that_fails_says_why_and_switches_nothing_off(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    with running_service("410 Gone") as service:
        channel = make_webhook(platform_a, service.address)
        answer = client_of(alice).post(f"{LIST}{channel.pk}/test/", follow=True)
    text = answer.content.decode()
    assert "The test message was not taken. The service answered with the error 410." in text
    channel.refresh_from_db()
    assert channel.enabled
    assert channel.last_error == "status:410"
    assert "c4n4ry" not in text + str(list(AuditEntry.objects.values()))


def test_a_mail_that_nobody_reads_is_said_to_be_one(
    alice: User, platform_a: Platform, client_of: ClientOf, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    channel = make_channel(platform_a)
    answer = client_of(alice).post(f"{LIST}{channel.pk}/test/", follow=True)
    assert "No mail server is set" in answer.content.decode()


def test_a_person_tries_no_more_than_ten_times_in_ten_minutes(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_channel(platform_a)
    client = client_of(alice)
    for _ in range(10):
        client.post(f"{LIST}{channel.pk}/test/")
    answer = client.post(f"{LIST}{channel.pk}/test/", follow=True)
    assert "often enough" in answer.content.decode()
    assert len(mail.outbox) == 10


def test_the_list_costs_the_same_for_many(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client, counts = client_of(alice), []
    for _ in range(2):
        for number in range(20):
            make_channel(platform_a, name=f"Channel {number}")
        with CaptureQueriesContext(connection) as asked:
            client.get(LIST)
        counts.append(len(asked))
    assert counts[0] == counts[1]


# -- signed webhooks ----------------------------------------------------------------------------


def signed(**values: Any) -> dict[str, Any]:
    """Return a filled in form of a signed webhook."""
    own = {"kind": ChannelKind.WEBHOOK, "recipients": "", "address": "https://hooks.test/c4n4ry"}
    return typed(**{**own, "secret": SECRET, **values})


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"address": ""}, "address", "Enter the address"),
        ({"address": "http://192.0.2.1/c4n4ry"}, "address", "write https://"),
        ({"address": "json://hooks.test/x"}, "address", "not one that the service"),
        ({"secret": ""}, "secret", "at least 16 characters"),
        ({"secret": "fifteen-letters"}, "secret", "at least 16 characters"),
    ],
)
def test_what_a_signed_webhook_lacks_is_said_beside_its_field(
    values: dict[str, str], field: str, text: str, alice: User, client_of: ClientOf
) -> None:
    answer = client_of(alice).post(f"{LIST}add/", signed(**values))
    errors = errors_of(answer)
    assert list(errors) == [field]
    assert text in errors[field][0]
    assert "c4n4ry" not in answer.content.decode()
    assert not NotificationChannel.objects.exists()


def test_address_and_secret_of_a_webhook_are_stored_sealed_and_shown_nowhere(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client = client_of(alice)
    assert client.post(f"{LIST}add/", signed()).status_code == 302
    channel = NotificationChannel.objects.get()
    assert (channel.address.reveal(), channel.secret.reveal()) == (
        "https://hooks.test/c4n4ry",
        SECRET,
    )
    place = f"{LIST}{channel.pk}/change/"
    pages = [client.get(page).content.decode() for page in (LIST, place)]
    assert "Signed webhook" in pages[0]
    client.post(place, signed(name="New", address="", secret=""))
    channel.refresh_from_db()
    assert (channel.name, channel.secret.reveal()) == ("New", SECRET), "left empty, it stays"
    other = "c4n4ry-another-secret"
    client.post(place, signed(name="New", address="", secret=other))
    channel.refresh_from_db()
    assert channel.secret.reveal() == other
    record = list(AuditEntry.objects.order_by("pk").values("before", "after"))
    assert record[0]["after"]["secret"] == "set"
    assert record[-1]["after"] == {"secret": "set"}, "that it changed, not to what"
    pages += [str(record), client.get("/admin/platforms/auditentry/").content.decode()]
    assert "c4n4ry" not in "".join(pages)


def test_an_address_of_one_way_is_not_taken_for_one_of_another(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_webhook(platform_a, "json://127.0.0.1:9/x")
    client, place = client_of(alice), f"{LIST}{channel.pk}/change/"
    assert "address" in errors_of(client.post(place, signed(address="")))
    assert client.post(place, signed()).status_code == 302
    channel.refresh_from_db()
    assert (channel.kind, channel.scheme) == (ChannelKind.WEBHOOK, "")
    back = signed(kind="service", address="", secret="")
    assert "address" in errors_of(client.post(place, back))
    client.post(place, {**back, "address": "json://127.0.0.1:9/x"})
    channel.refresh_from_db()
    assert (channel.kind, channel.scheme, bool(channel.secret)) == ("service", "json", False)


def test_a_test_of_a_webhook_is_signed_and_belongs_to_no_message(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    with running_service("200 OK", "500 Oops") as service:
        channel = make_signed(platform_a, service.webhook)
        page = f"{LIST}{channel.pk}/test/"
        texts = [client_of(alice).post(page, follow=True).content.decode() for _ in range(2)]
    assert "The test message was taken." in texts[0]
    assert "The service answered with the error 500." in texts[1]
    [(headers, body), _second] = service.written
    assert headers["x-signature"] == signature(body, headers["x-timestamp"], SECRET)
    told = service.bodies[0]
    assert (told["id"], told["notices"], told["more"]) == (None, [], 0)
    assert "Alice tries the notification channel “Duty”." in told["text"]
    assert "c4n4ry" not in "".join(texts) + str(list(AuditEntry.objects.values()))


# -- quiet hours --------------------------------------------------------------------------------


def test_quiet_hours_are_typed_told_in_words_and_kept_in_the_record(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client = client_of(alice)
    page = client.get(f"{LIST}add/").content.decode()
    assert re.search(r'<input[^>]*type="time"[^>]*name="quiet_from"', page)
    client.post(f"{LIST}add/", typed(quiet_from="22:00", quiet_until="07:00:00"))
    channel = NotificationChannel.objects.get()
    assert (channel.quiet_from, channel.quiet_until) == (time(22), time(7))
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        page = client.get(f"{LIST}{channel.pk}/change/").content.decode()
    assert "From 22:00 until 07:00 (Europe/Moscow)." in page
    assert "It is quiet now" not in page
    with time_machine.travel("2026-11-22T20:00:00Z", tick=False):
        page = client.get(f"{LIST}{channel.pk}/change/").content.decode()
    assert "It is quiet now, until 2026-11-23 07:00 (Europe/Moscow)" in page
    client.post(f"{LIST}{channel.pk}/change/", typed(quiet_from="", quiet_until=""))
    channel.refresh_from_db()
    assert (channel.quiet_from, channel.quiet_until) == (None, None)
    entry = AuditEntry.objects.get(action=Action.CHANGED)
    assert (entry.before["quiet_from"], entry.after["quiet_from"]) == ("22:00:00", None)


@pytest.mark.parametrize(
    ("hours", "field", "text"),
    [
        ({"quiet_from": "22:00"}, "quiet_until", "both times, or neither"),
        ({"quiet_until": "07:00"}, "quiet_from", "both times, or neither"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "quiet_until", "another time than"),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "quiet_from", "valid time"),
    ],
)
def test_quiet_hours_that_are_none_are_refused_beside_their_field(
    hours: dict[str, str], field: str, text: str, alice: User, client_of: ClientOf
) -> None:
    errors = errors_of(client_of(alice).post(f"{LIST}add/", typed(**hours)))
    assert list(errors) == [field]
    assert text in errors[field][0]
    assert not NotificationChannel.objects.exists()


def test_a_message_that_waits_for_the_morning_says_so(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    channel = make_channel(platform_a, quiet_from=time(22), quiet_until=time(7))
    row = {"platform": platform_a, "channel": channel, "next_try": NOW, "created_at": NOW}
    delivery = Delivery.objects.create(family="socket_silent", quiet_since=NOW, **row)
    client, page = client_of(alice), f"/admin/platforms/delivery/{delivery.pk}/change/"
    assert "waits for the end of the quiet hours" in client.get(page).content.decode()
    Delivery.objects.update(state=DeliveryState.DROPPED)
    assert "waits for the end of the quiet hours" not in client.get(page).content.decode()
