"""One SMS is one identity, however often and by whatever road it is told; another is another."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations, product

import pytest
from hypothesis import given, strategies as st

from devices.gateways.shape import Received
from devices.inbox_identity import Occurrences, fingerprint, of_poll, of_webhook

AT = datetime(2025, 7, 7, 10, 15, tzinfo=UTC)
TIMED = Received("+79001234567", "Mains lost", AT)
TIMELESS = TIMED._replace(at=None)
WEBHOOK = "webhook"

Step = Sequence[Received] | tuple[str, Received]


class Inbox:
    """Keeps what has to be remembered, as a row would, and every identity it ever saw."""

    def __init__(self) -> None:
        self.remembered: Mapping[str, Occurrences] = {}
        self.stored: dict[str, Received] = {}

    def poll(self, *messages: Received) -> list[str]:
        identified = of_poll(messages, self.remembered)
        self.remembered = identified.remembered
        self.stored.update(identified.messages)
        return [identity for identity, _message in identified.messages]

    def hear(self, message: Received) -> str:
        identified = of_webhook(message, self.remembered)
        self.remembered = identified.remembered
        [(identity, _message)] = identified.messages
        self.stored[identity] = message
        return identity


@pytest.mark.parametrize("message", [TIMED, TIMELESS, TIMED._replace(gateway_id="7")])
@pytest.mark.parametrize("webhooks", [0, 1, 2, 3])
def test_one_sms_polled_five_times_in_every_order_with_the_webhook_is_one(
    message: Received, webhooks: int
) -> None:
    polls = 5
    for places in combinations(range(polls + webhooks), webhooks):
        inbox = Inbox()
        for place in range(polls + webhooks):
            if place in places:
                inbox.hear(message)
            else:
                inbox.poll(message)
        assert len(inbox.stored) == 1, places


def test_two_sms_in_every_order_of_every_poll_with_both_webhooks_are_two() -> None:
    other = TIMED._replace(text="Mains back")
    for first, second in (
        (TIMED, other),
        (TIMELESS, other._replace(at=None)),
        (TIMED, TIMED._replace(at=AT + timedelta(seconds=1))),
        (TIMED, TIMED._replace(sender="+79001234568")),
        (TIMED, TIMELESS),
    ):
        for orders in product(permutations((first, second)), repeat=3):
            for early in (True, False):
                inbox = Inbox()
                if early:
                    inbox.hear(second)
                for order in orders:
                    inbox.poll(*order)
                inbox.hear(first)
                inbox.hear(second)
                assert len(inbox.stored) == 2


@pytest.mark.parametrize("message", [TIMED, TIMELESS])
def test_the_same_sms_listed_twice_at_once_is_two(message: Received) -> None:
    inbox = Inbox()
    first = inbox.poll(message)
    second = inbox.poll(message, message)
    assert set(first) < set(second)
    assert sorted(inbox.poll(message, message)) == sorted(second)
    assert len(inbox.stored) == 2


def test_without_a_time_what_comes_again_after_an_absence_is_another_one() -> None:
    inbox = Inbox()
    found = [inbox.poll(TIMELESS), inbox.poll(), inbox.poll(), inbox.poll(TIMELESS)]
    assert found[0] != found[3]
    assert len(inbox.stored) == 2
    inbox.poll()
    assert [inbox.hear(TIMELESS)] * 2 == [*inbox.poll(TIMELESS), inbox.hear(TIMELESS)]
    assert len(inbox.stored) == 3


def test_with_a_time_what_a_gateway_forgot_for_a_while_is_the_same_one() -> None:
    inbox = Inbox()
    inbox.poll(TIMED, TIMED)
    inbox.poll()
    inbox.poll(TIMED, TIMED)
    inbox.hear(TIMED)
    assert len(inbox.stored) == 2
    assert inbox.remembered == {}, "a time needs no memory"


def test_of_two_one_that_goes_leaves_the_other_as_it_was() -> None:
    inbox = Inbox()
    both = inbox.poll(TIMELESS, TIMELESS)
    left = inbox.poll(TIMELESS)
    assert set(left) < set(both)
    inbox.poll(TIMELESS, TIMELESS)
    assert len(inbox.stored) == 3, "the third came while one was still there"


def test_a_webhook_that_no_poll_confirms_hides_no_later_message() -> None:
    inbox = Inbox()
    inbox.hear(TIMELESS)
    inbox.poll()
    inbox.poll(TIMELESS)
    assert len(inbox.stored) == 2


def test_a_webhook_told_before_counts_once_of_two_that_are_listed() -> None:
    inbox = Inbox()
    told = inbox.hear(TIMELESS)
    listed = inbox.poll(TIMELESS, TIMELESS)
    assert told in listed
    assert len(inbox.stored) == 2


def test_list_and_webhook_may_write_number_and_time_differently() -> None:
    inbox = Inbox()
    inbox.poll(TIMED)
    inbox.hear(TIMED._replace(sender="79001234567", at=AT.replace(microsecond=250_000)))
    moved = AT.astimezone(tz=datetime.fromisoformat("2025-07-07T00:00+03:00").tzinfo)
    inbox.hear(TIMED._replace(sender="+7 (900) 123-45-67", at=moved))
    assert len(inbox.stored) == 1


def test_the_gateways_own_id_is_stronger_than_all_else() -> None:
    inbox = Inbox()
    inbox.poll(TIMED._replace(gateway_id="1"), TIMED._replace(gateway_id="2"))
    inbox.poll(TIMED._replace(gateway_id="2", at=None, text="cut"))
    assert len(inbox.stored) == 2
    assert inbox.remembered == {}


def test_identities_are_short_and_tell_no_text() -> None:
    inbox = Inbox()
    for identity in inbox.poll(TIMED._replace(text="x" * 10_000), TIMELESS):
        assert len(identity) < 100
        assert identity.isascii()
    assert fingerprint(TIMED) != fingerprint(TIMED._replace(text="Mains lost "))
    assert fingerprint(Received("a", "b\nc")) != fingerprint(Received("a\nb", "c"))


few = st.sampled_from([TIMED, TIMELESS, TIMED._replace(text="other"), Received("", "ad")])
steps = st.lists(
    st.lists(few, max_size=4).map(tuple) | st.tuples(st.just(WEBHOOK), few), max_size=12
)


@given(steps)
def test_polls_alone_never_lose_a_message_nor_tell_one_twice(given_steps: list[Step]) -> None:
    """Counted by hand for each text: with a time the most at once, without one every rise."""
    inbox = Inbox()
    polls = [each for each in given_steps if not (each and each[0] == WEBHOOK)]
    most: dict[Received, int] = {}
    rises: dict[Received, int] = {}
    before: dict[Received, int] = {}
    for listed in polls:
        messages = [each for each in listed if isinstance(each, Received)]
        identities = inbox.poll(*messages)
        assert len(set(identities)) == len(messages)
        now = {each: messages.count(each) for each in messages}
        for each, count in now.items():
            most[each] = max(most.get(each, 0), count)
            rises[each] = rises.get(each, 0) + max(0, count - before.get(each, 0))
        before = now
    expected = sum(most[each] if each.at else rises[each] for each in most)
    assert len(inbox.stored) == expected


@given(steps)
def test_webhooks_add_no_more_than_one_each(given_steps: list[Step]) -> None:
    with_webhooks, polls_alone, webhooks = Inbox(), Inbox(), 0
    for step in given_steps:
        if step and step[0] == WEBHOOK:
            message = step[1]
            assert isinstance(message, Received)
            webhooks += 1
            with_webhooks.hear(message)
        else:
            messages = [each for each in step if isinstance(each, Received)]
            with_webhooks.poll(*messages)
            polls_alone.poll(*messages)
    added = len(with_webhooks.stored) - len(polls_alone.stored)
    assert 0 <= added <= webhooks
