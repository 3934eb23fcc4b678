"""From an event to a message that arrived, with the time as an argument and real far sides."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction

from platforms import announcements, channel_wire, deliveries, notice_kinds, notifications
from platforms.channel_wire import Outcome, Told
from platforms.models import (
    AuditEntry,
    Delivery,
    DeliveryItem,
    DeliveryState,
    Notice,
    NotificationChannel,
    Platform,
)
from platforms.notice_kinds import Severity
from platforms.notifications import announce, deliver
from tests import factories
from tests.platforms.messenger import running_service
from tests.platforms.notice_world import (
    BACK,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    ONCE,
    SECOND,
    make_channel,
    make_webhook,
)

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> Iterator[None]:
    """Know the kinds of these tests, and let channels lead to this machine."""
    settings.CHANNEL_HOSTS = ["127.0.0.1"]
    notice_kinds.register((DOWN, BACK, ONCE))
    yield
    for kind in (DOWN, BACK, ONCE):
        del notice_kinds.KINDS[kind.name]


def down(platform: Platform | None, key: str = "k", **named: Any) -> bool:
    """Announce that a site of that name is down."""
    site = named.pop("about", None)
    facts = {"since": NOW.isoformat()}
    return announce(DOWN.name, platform=platform, about=site, facts=facts, key=key, **named)


def back(platform: Platform | None, key: str = "k", **named: Any) -> bool:
    """Announce that it is back."""
    return announce(BACK.name, platform=platform, about=None, facts={}, key=key, **named)


# -- writing down -------------------------------------------------------------------------------


def test_a_condition_is_written_once_while_it_lasts_and_anew_afterwards(
    platform_a: Platform,
) -> None:
    assert down(platform_a, now=NOW)
    assert not down(platform_a, now=NOW + MINUTE)
    assert down(platform_a, key="another", now=NOW)
    assert back(platform_a, now=NOW + HOUR)
    assert down(platform_a, now=NOW + 2 * HOUR)
    assert Notice.objects.filter(kind=DOWN.name, key="k").count() == 2


def test_the_end_of_what_was_never_told_is_no_news(platform_a: Platform) -> None:
    assert not back(platform_a)
    assert not Notice.objects.exists()


def test_the_end_is_as_grave_as_what_it_ends(platform_a: Platform) -> None:
    down(platform_a)
    back(platform_a)
    assert Notice.objects.get(kind=BACK.name).severity == Severity.CRITICAL


@pytest.mark.parametrize("severity", Severity)
def test_the_end_is_as_grave_as_what_it_ends_was_told_to_be(
    severity: Severity, platform_a: Platform
) -> None:
    down(platform_a, severity=severity)
    down(platform_a, "other")
    back(platform_a)
    back(platform_a, "other", severity=Severity.INFO)
    told = Notice.objects.filter(kind=BACK.name).order_by("pk")
    assert list(told.values_list("severity", flat=True)) == [severity, Severity.CRITICAL]


def test_an_event_is_undone_with_the_act_it_tells_of(platform_a: Platform) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        down(platform_a)
        raise RuntimeError
    assert not Notice.objects.exists()


@pytest.mark.parametrize("kind", [DOWN.name, "never heard of"])
def test_what_cannot_be_announced_never_breaks_the_act(
    kind: str, platform_a: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE platforms_notice RENAME TO platforms_notice_away")
        assert not announce(kind, platform=platform_a, about=None, facts={"a": object()}, key="k")
        factories.make_site(platform_a, "the act")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE platforms_notice_away RENAME TO platforms_notice")
    assert "is not announced" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_sixteen_that_tell_the_same_at_once_tell_it_once(platform_a: Platform) -> None:
    news: list[bool] = []

    def tell() -> None:
        news.append(down(platform_a))
        connections.close_all()

    threads = [threading.Thread(target=tell) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(news) == [False] * 15 + [True]
    assert Notice.objects.count() == 1


# -- grouping -----------------------------------------------------------------------------------


def test_what_breaks_together_is_told_together(platform_a: Platform) -> None:
    make_channel(platform_a)
    for number in range(3):
        site = factories.make_site(platform_a, f"Mall {number}")
        down(platform_a, key=str(number), about=site, now=NOW)
    assert deliver(NOW) == 0
    assert deliver(NOW + 29 * SECOND) == 0
    assert deliver(NOW + 30 * SECOND) == 1
    [sent] = mail.outbox
    assert sent.subject == "Remosa · Alpha: Thing down (3)"
    assert "[critical] Mall 0 is down since 2026-11-22 15:00 (Europe/Moscow)" in sent.body
    assert all(f"Mall {number}" in sent.body for number in range(3))
    assert deliver(NOW + HOUR) == 0


def test_the_next_message_of_a_family_waits_five_minutes_and_both_ends_are_one_family(
    platform_a: Platform,
) -> None:
    make_channel(platform_a)
    down(platform_a, now=NOW)
    deliver(NOW)
    assert deliver(NOW + 31 * SECOND) == 1
    back(platform_a, now=NOW + MINUTE)
    assert deliver(NOW + MINUTE) == 0
    assert deliver(NOW + 5 * MINUTE) == 0
    assert deliver(NOW + 5 * MINUTE + 32 * SECOND) == 1
    assert mail.outbox[1].subject == "Remosa · Alpha: Thing back"
    assert "[over]" in mail.outbox[1].body


def test_a_condition_that_lasts_is_told_again_after_four_hours(platform_a: Platform) -> None:
    make_channel(platform_a)
    down(platform_a, now=NOW)
    deliver(NOW)
    assert deliver(NOW + MINUTE) == 1
    assert deliver(NOW + 4 * HOUR - SECOND) == 0
    deliver(NOW + 4 * HOUR)
    assert deliver(NOW + 4 * HOUR + MINUTE) == 1
    assert "It still lasts." in mail.outbox[1].body
    back(platform_a, now=NOW + 5 * HOUR)
    deliver(NOW + 5 * HOUR)
    assert deliver(NOW + 5 * HOUR + MINUTE) == 1
    deliver(NOW + 12 * HOUR)
    assert deliver(NOW + 12 * HOUR + MINUTE) == 0


def test_a_message_names_no_more_than_twenty(platform_a: Platform) -> None:
    make_channel(platform_a)
    for number in range(25):
        down(platform_a, key=str(number), now=NOW)
    deliver(NOW)
    deliver(NOW + MINUTE)
    assert mail.outbox[0].body.count("is down since") == 20
    assert "and 5 more" in mail.outbox[0].body


def test_a_channel_speaks_its_own_language(platform_a: Platform) -> None:
    make_channel(platform_a, language="ru")
    down(platform_a, now=NOW)
    deliver(NOW)
    deliver(NOW + MINUTE)
    assert "22.11.2026 15:00 (Europe/Moscow)" in mail.outbox[0].body


# -- who hears what -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "hears"),
    [
        ({}, True),
        ({"kinds": [DOWN.name]}, True),
        ({"kinds": [ONCE.name]}, False),
        ({"least_severity": Severity.CRITICAL}, True),
        ({"enabled": False}, False),
    ],
)
def test_a_channel_hears_what_it_asks_for(
    fields: dict[str, Any], hears: bool, platform_a: Platform
) -> None:
    make_channel(platform_a, **fields)
    down(platform_a, now=NOW)
    deliver(NOW)
    assert Delivery.objects.exists() is hears


def test_a_channel_of_a_platform_hears_of_it_alone(
    platform_a: Platform, platform_b: Platform
) -> None:
    of_a, of_b = make_channel(platform_a), make_channel(platform_b)
    of_all = make_channel(None, hears_platforms=True)
    of_installation = make_channel(None)
    down(platform_a, "a", now=NOW)
    down(None, "none", now=NOW)
    deliver(NOW)

    def heard(channel: NotificationChannel) -> set[str]:
        items = DeliveryItem.objects.filter(delivery__channel=channel)
        return set(items.values_list("notice__key", flat=True))

    assert heard(of_a) == {"a"}
    assert heard(of_b) == set()
    assert heard(of_all) == {"a", "none"}
    assert heard(of_installation) == {"none"}


@pytest.mark.both_databases
def test_the_database_refuses_a_notice_of_another_platform(
    platform_a: Platform, platform_b: Platform
) -> None:
    channel = make_channel(platform_a)
    down(platform_b)
    delivery = Delivery.objects.create(
        platform=platform_a, channel=channel, family=DOWN.name, next_try=NOW, created_at=NOW
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        DeliveryItem.objects.create(delivery=delivery, notice=Notice.objects.get())


def test_nobody_hears_of_an_inactive_platform(platform_a: Platform) -> None:
    make_channel(platform_a)
    Platform.objects.update(active=False)
    down(platform_a, now=NOW)
    deliver(NOW)
    assert not Delivery.objects.exists()


# -- retrying -----------------------------------------------------------------------------------


def test_a_service_that_fails_once_gets_it_later(platform_a: Platform) -> None:
    with running_service("500 Oops", "200 OK") as service:
        channel = make_webhook(platform_a, service.address)
        down(platform_a, now=NOW)
        deliver(NOW)
        assert deliver(NOW + MINUTE) == 0
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.error) == (DeliveryState.RETRYING, "status:500")
        channel.refresh_from_db()
        assert channel.last_error == "status:500"
        assert channel.enabled
        assert deliver(NOW + MINUTE + 20 * SECOND) == 0
        # What comes meanwhile gathers, and leaves after it.
        down(platform_a, "second", now=NOW + MINUTE + 20 * SECOND)
        assert deliver(NOW + 2 * MINUTE) == 1
    assert len(service.bodies) == 2
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.error) == (DeliveryState.SENT, 2, "")
    channel.refresh_from_db()
    assert channel.last_error == ""


def test_a_webhook_that_is_gone_is_switched_off_and_others_hear_of_it(
    platform_a: Platform,
) -> None:
    with running_service("410 Gone") as service:
        channel = make_webhook(platform_a, service.address, name="Old hook")
        down(platform_a, now=NOW)
        deliver(NOW)
        deliver(NOW + MINUTE)
        channel.refresh_from_db()
        assert not channel.enabled
        assert channel.disabled_reason == "status:410"
        assert Delivery.objects.get().state == DeliveryState.GIVEN_UP
        make_channel(platform_a, name="Other")
        deliver(NOW + 2 * MINUTE)
        deliver(NOW + 3 * MINUTE)
    assert len(service.bodies) == 1
    [sent] = mail.outbox
    assert "“Old hook” was switched off: The service answered with the error 410." in sent.body
    entry = AuditEntry.objects.get(target="Old hook")
    assert entry.after == {"enabled": False, "disabled_reason": "status:410"}


def test_a_message_is_given_up_after_a_day_and_a_later_one_gets_its_turn(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def fail(*arguments: object) -> Told:
        tries.append(arguments)
        return Told(Outcome.FAILED, "timeout")

    monkeypatch.setattr(channel_wire, "send", fail)
    make_channel(platform_a)
    down(platform_a, now=NOW)
    deliver(NOW)
    Notice.objects.update(repeat_at=None)
    now = NOW
    while Delivery.objects.unfinished().exists():
        now += 10 * MINUTE
        deliver(now)
    assert 23 * HOUR < now - NOW < 25 * HOUR
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == (DeliveryState.GIVEN_UP, "timeout")
    assert 25 < len(tries) < 40


def test_a_channel_that_a_person_switches_off_drops_what_waits(platform_a: Platform) -> None:
    make_channel(platform_a)
    down(platform_a, now=NOW)
    deliver(NOW)
    NotificationChannel.objects.update(enabled=False)
    assert deliver(NOW + MINUTE) == 0
    assert Delivery.objects.get().state == DeliveryState.DROPPED


def test_facts_that_cannot_be_written_hold_up_nobody_else(platform_a: Platform) -> None:
    make_channel(platform_a)
    down(platform_a, now=NOW)
    announce(ONCE.name, platform=platform_a, about=None, facts={}, now=NOW)

    def broken(_told: object) -> str:
        raise KeyError("since")

    notice_kinds.KINDS[DOWN.name] = DOWN._replace(sentence=broken)
    deliver(NOW)
    assert deliver(NOW + MINUTE) == 1
    assert Delivery.objects.get(family=DOWN.name).error == "text"


# -- several workers, and those that die --------------------------------------------------------


def claim_one(platform: Platform) -> deliveries.Claim:
    """Make a message and let a worker take it."""
    make_channel(platform)
    down(platform, now=NOW)
    deliver(NOW)
    claimed = deliveries.claim(NOW + MINUTE, [])
    assert claimed is not None
    return claimed


def test_a_message_that_one_has_is_not_taken_by_another(platform_a: Platform) -> None:
    claim_one(platform_a)
    assert deliveries.claim(NOW + MINUTE, []) is None
    assert deliver(NOW + 2 * MINUTE) == 0


def test_a_worker_that_died_after_sending_makes_it_arrive_twice_and_never_zero_times(
    platform_a: Platform,
) -> None:
    claimed = claim_one(platform_a)
    channel_wire.send(
        channel_wire.post_of(claimed.delivery.channel), channel_wire.Message("t", "first")
    )
    # Killed here. Nobody recorded it; the lease runs out.
    assert deliver(NOW + 3 * MINUTE) == 0
    assert deliver(NOW + 4 * MINUTE + SECOND) == 1
    assert len(mail.outbox) == 2
    late = deliveries.record(claimed, Told(Outcome.SENT), NOW + 5 * MINUTE)
    assert not late
    assert Delivery.objects.get().tries == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_four_workers_send_each_message_once(platform_a: Platform) -> None:
    for number in range(6):
        make_channel(platform_a, name=f"Channel {number}")
    for number in range(3):
        down(platform_a, key=str(number), now=NOW)
    arrived: list[int] = []

    def work() -> None:
        for at in (NOW, NOW + MINUTE):
            start.wait(30)
            arrived.append(deliver(at))
        connections.close_all()

    start = threading.Barrier(4)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(arrived) == len(mail.outbox) == 6
    assert DeliveryItem.objects.count() == 18


def test_a_tick_without_work_asks_a_constant_number_of_queries(
    platform_a: Platform, django_assert_max_num_queries: Any
) -> None:
    make_channel(platform_a)
    for number in range(30):
        down(platform_a, key=str(number), now=NOW)
    deliver(NOW)
    deliver(NOW + MINUTE)
    with django_assert_max_num_queries(10):
        deliver(NOW + 2 * MINUTE)


def test_old_messages_and_notices_are_deleted_and_what_lasts_stays(platform_a: Platform) -> None:
    make_channel(platform_a)
    down(platform_a, now=NOW)
    announce(ONCE.name, platform=platform_a, about=None, facts={}, now=NOW)
    deliver(NOW)
    deliver(NOW + MINUTE)
    deliveries.tidy(NOW + 24 * HOUR * 91)
    assert list(Notice.objects.values_list("kind", flat=True)) == [DOWN.name]
    assert not Delivery.objects.exists()


def test_a_service_that_hangs_holds_up_no_other_channel(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_wire, "DEADLINE", 3.0)
    monkeypatch.setattr(channel_wire.send, "__defaults__", (3.0,))
    with running_service() as service:
        service.hang = threading.Event()
        for number in range(3):
            make_webhook(platform_a, service.address + "?rto=60", name=f"Hangs {number}")
        for number in range(6):
            make_channel(platform_a, name=f"Works {number}")
        down(platform_a, now=NOW)
        deliver(NOW)
        assert deliver(NOW + MINUTE) == 6
    sent = Delivery.objects.filter(state=DeliveryState.SENT)
    assert all(each.sent_at < NOW + MINUTE + 3 * SECOND for each in sent)
    assert set(
        Delivery.objects.exclude(state=DeliveryState.SENT).values_list("state", "error")
    ) == {(DeliveryState.RETRYING, "deadline")}


# -- secrets ------------------------------------------------------------------------------------


def test_the_address_of_a_service_stands_in_no_log_row_or_representation(
    platform_a: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_service("500 Oops", "410 Gone") as service:
        channel = make_webhook(platform_a, service.address)
        down(platform_a, now=NOW)
        deliver(NOW)
        deliver(NOW + MINUTE)
        deliver(NOW + 2 * MINUTE)
    channel = NotificationChannel.objects.get()
    assert not channel.enabled
    plain = [
        caplog.text,
        repr(channel),
        repr(vars(channel)),
        str(list(AuditEntry.objects.values())),
    ]
    plain += [str(list(model.objects.values())) for model in (Notice, Delivery)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM platforms_notificationchannel")
        plain.append(str(cursor.fetchall()))
    assert "c4n4ry" not in "".join(plain)
    assert channel.address.reveal() == service.address


def test_ending_without_a_word_lets_it_be_told_anew(platform_a: Platform) -> None:
    down(platform_a, now=NOW)
    assert announcements.end(DOWN.name, "k", NOW)
    assert not notifications.end(DOWN.name, "k", NOW)
    assert down(platform_a, now=NOW)
