"""Trying a channel: one message now, what became of it on the channel and in the record."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from . import audit, channel_wire, deliveries, mails, notice_documents, notice_texts
from .audit import Action, Actor
from .channel_wire import Outcome
from .models import ChannelKind, NotificationChannel, User
from .throttle import test_is_throttled


class Result(StrEnum):
    """What became of a test message."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    WRITTEN_DOWN = "written_down"  # no mail server is set: nobody gets it


class Trial(NamedTuple):
    """A result; `error` is a code that `channel_addresses.words_of` explains."""

    result: Result
    error: str = ""


class TooOftenError(Exception):
    """Somebody tried channels too often of late."""


def send_trial(channel: NotificationChannel, person: User, actor: Actor, now: datetime) -> Trial:
    """Send a test message while the person waits; raise TooOftenError."""
    if test_is_throttled(person.pk):
        raise TooOftenError
    message = notice_texts.trial(channel, person.get_full_name())
    if channel.kind == ChannelKind.WEBHOOK:
        message = notice_documents.with_document(message, channel, [], now, delivery_id=None)
    told = channel_wire.test(channel, message)
    audit.record(
        actor,
        Action.TESTED,
        channel,
        platform_id=channel.platform_id,
        after={"outcome": told.error or told.outcome.value},
    )
    if told.outcome is not Outcome.SENT:
        deliveries.note_trial(channel, told, now)
        return Trial(Result.NOT_TAKEN, told.error)
    if channel.kind == ChannelKind.MAIL and mails.are_written_down():
        return Trial(Result.WRITTEN_DOWN)
    deliveries.note_trial(channel, told, now)
    return Trial(Result.TAKEN)
