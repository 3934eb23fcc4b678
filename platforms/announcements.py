"""Writing down what people should hear of, in the transaction of the act. Sends nothing.

Fails open: what cannot be announced is logged and never breaks the act.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, IntegrityError, models, transaction
from django.utils import timezone

from . import notice_kinds
from .models import Notice, Platform
from .notice_kinds import NoticeKind, Severity

logger = logging.getLogger(__name__)


def announce(
    kind: str,
    *,
    platform: Platform | int | None,
    about: models.Model | None,
    facts: Mapping[str, Any],
    key: str = "",
    now: datetime | None = None,
    severity: Severity | None = None,
) -> bool:
    """Write down an event, in the caller's transaction; return whether it is news.

    Not news: a kind whose condition of this ``key`` lasts already, or the end of one that was
    never told. Platform None: for superadmins. ``facts`` are shown to all members: no phone
    numbers and no secrets. ``severity`` None: the kind's; an end is as grave as what it ends.
    Never raises.
    """
    known = notice_kinds.KINDS.get(kind)
    if known is None:
        logger.error("An event of the unknown kind %s is not announced.", kind)
        return False
    try:
        with transaction.atomic():
            return _write(known, platform, about, facts, key[:128], now or timezone.now(), severity)
    except DatabaseError as error:
        logger.error("An event of the kind %s is not announced: %s", kind, type(error).__name__)
        return False


def end(kind: str, key: str, now: datetime | None = None) -> bool:
    """End a condition without a word, where there is nobody left to tell; never raises."""
    try:
        with transaction.atomic():
            return _end(kind, key[:128], now or timezone.now()) is not None
    except DatabaseError as error:
        logger.error("A condition of the kind %s is not ended: %s", kind, type(error).__name__)
        return False


def _write(
    kind: NoticeKind,
    platform: Platform | int | None,
    about: models.Model | None,
    facts: Mapping[str, Any],
    key: str,
    now: datetime,
    severity: Severity | None,
) -> bool:
    told_as: int = kind.severity if severity is None else severity
    if kind.ends:
        ended = _end(kind.ends, key, now)
        if ended is None:
            return False
        told_as = ended  # so that whoever heard of the one hears of the other
    elif key and Notice.objects.lasting().filter(kind=kind.name, key=key).exists():
        return False
    lasts = bool(key) and not kind.ends
    try:
        with transaction.atomic():
            Notice.objects.create(
                platform_id=platform.pk if isinstance(platform, Platform) else platform,
                kind=kind.name,
                severity=told_as,
                about_type=about._meta.label_lower if about is not None else "",
                about_id=str(about.pk) if about is not None else "",
                about_name=str(about)[:255] if about is not None else "",
                facts=json.loads(json.dumps(dict(facts), cls=_Facts)),
                key=key,
                at=now,
                ended_at=None if lasts else now,
                repeat_at=now + kind.repeat if lasts and kind.repeat else None,
            )
    except IntegrityError:
        return False  # somebody else has just told it
    return True


def _end(kind: str, key: str, now: datetime) -> int | None:
    """End what lasts; return how grave it was told to be, None where nothing lasted."""
    lasting = Notice.objects.lasting().filter(kind=kind, key=key)
    told = lasting.values_list("pk", "severity").first()  # no more than one lasts
    if told is None or not lasting.filter(pk=told[0]).update(ended_at=now):
        return None
    severity: int = told[1]
    return severity


class _Facts(DjangoJSONEncoder):
    """Writes moments and numbers as JSON, and whatever else as its text: nothing is an error."""

    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return str(o)
