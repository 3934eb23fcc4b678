"""Notices as programs read them: the JSON body of a signed webhook.

Its shape is a contract: it is told in docs/notifications.md and grows, but never changes, within
one version.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import translation

from . import notice_texts
from .channel_wire import Message
from .models import Notice, NotificationChannel
from .notice_kinds import Severity, title_of

VERSION = 1
MOST_NOTICES = 1000  # of one document; more are counted


def with_document(
    message: Message,
    channel: NotificationChannel,
    told: Sequence[tuple[Notice, bool]],
    now: datetime,
    *,
    delivery_id: int | None,
) -> Message:
    """Return a message with its document; of a test, which has no delivery, the id is null."""
    with translation.override(channel.language):
        notices = [_notice(notice, again=again) for notice, again in told[:MOST_NOTICES]]
    document = {
        "version": VERSION,
        "id": delivery_id,
        "sent_at": _moment(now),
        "language": channel.language,
        "title": message.title,
        "text": message.body,
        "notices": notices,
        "more": len(told) - len(notices),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    # Half a character, which JSON can hold and UTF-8 cannot, must not keep the rest back.
    return message._replace(document=text.encode("utf-8", "replace"), at=int(now.timestamp()))


def _notice(notice: Notice, *, again: bool) -> dict[str, Any]:
    platform, ended_at = notice.platform, notice.ended_at
    lasted = ended_at is not None and ended_at != notice.at
    return {
        "id": notice.pk,
        "kind": notice.kind,
        "title": title_of(notice.kind),
        "severity": Severity(notice.severity).name.lower(),
        "platform": None if platform is None else {"id": platform.pk, "name": platform.name},
        "about": {
            "type": notice.about_type,
            "id": notice.about_id,
            "name": notice.about_name,
        },
        "facts": notice.facts,
        "sentence": notice_texts.sentence(notice),
        "at": _moment(notice.at),
        "ended_at": _moment(ended_at) if ended_at is not None and lasted else None,
        "again": again,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
