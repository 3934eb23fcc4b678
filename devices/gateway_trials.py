"""Trying a gateway: what can be asked of it without sending, and one test message.

A test message goes not by the road of commands: it has no socket, no budget and no second try. Its
text is fixed and no command of any model, so that it can switch nothing whoever gets it.
"""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exporters.account_settings import translated
from platforms import audit
from platforms.audit import Action, Actor
from platforms.keyring import KeyRingError
from platforms.models import AuditEntry

from . import inbox, sending
from .gateways import DRIVERS
from .gateways.shape import (
    Account,
    Driver,
    Fate,
    GatewayError,
    Outgoing,
    Reason,
    Sent,
    SettingsError,
)
from .models import GatewayInbox, SmsGateway

TEXT = "Remosa: test message."
TTL = 300  # seconds
KEPT = timedelta(days=1)  # for which the page of a test message sends no second one


class Finding(NamedTuple):
    """One thing that was looked at, and whether it is well."""

    well: bool
    text: str


def examine(gateway: SmsGateway) -> Iterator[Finding]:
    """Look at the settings, then ask what can be asked; nothing is sent.

    What the inbox brings is stored as with every poll.
    """
    driver = DRIVERS.get(gateway.driver)
    if driver is None:
        yield Finding(False, _("No driver is called “%(name)s”.") % {"name": gateway.driver})
        return
    try:
        account = gateway.account()
        driver.check(account)
    except KeyRingError as error:
        yield Finding(False, str(error))
        return
    except SettingsError as error:
        yield Finding(False, str(translated(str(error))))
        return
    yield Finding(True, _("The settings are complete."))
    yield from _asked(gateway, driver, account)


def send_trial(gateway: SmsGateway, phone: str, actor: Actor, page: uuid.UUID) -> Sent | None:
    """Send the test message, once a page; None: this page sent it before.

    The record has it before it goes out, and afterwards what became of it.
    """
    key = str(uuid.uuid5(page, f"{gateway.pk}:{actor.user_id}"))
    outgoing = Outgoing(key, phone, TEXT, TTL)
    told = {"phone": phone, "text": TEXT, "key": key}
    with transaction.atomic():
        # unscoped: the gateway that the caller reached. Of two posts at once the second waits.
        SmsGateway.objects.select_for_update(of=("self",)).get(pk=gateway.pk)
        if _was_sent(gateway, key):
            return None
        _record(gateway, actor, told)
    sent = sending.send(gateway, outgoing)
    _record(gateway, actor, {"key": outgoing.key, "outcome": sent.outcome.value,
                             "reason": sent.reason.value})  # fmt: skip
    return sent


def _asked(gateway: SmsGateway, driver: Driver, account: Account) -> Iterator[Finding]:
    if driver.inbox is None and driver.status is None:
        yield Finding(True, _("It can be asked nothing: only a message shows whether it works."))
    if driver.inbox is not None and not gateway.enabled:
        yield Finding(False, _("It is disabled: its inbox is not asked."))
    elif driver.inbox is not None:
        # By the road of every poll: some gateways list a message once.
        new = inbox.poll(gateway)
        fault = GatewayInbox.objects.of(gateway).fault
        if fault:
            why = next((str(each) for each in Reason if each.value == fault), fault)
            yield Finding(False, _("The inbox: %(why)s") % {"why": why})
        else:
            text = _("The inbox answers; new messages: %(number)s.")
            yield Finding(True, text % {"number": new})
    if driver.status is not None:
        try:
            fate = driver.status(account, str(uuid.uuid4()))
        except GatewayError as error:
            yield Finding(False, _("The state of messages: %(why)s") % {"why": error})
        else:
            if fate is Fate.ABSENT:
                yield Finding(True, _("It tells the state of messages."))
            else:
                text = _("It answers, but of a message that it never had: %(fate)s")
                yield Finding(False, text % {"fate": fate})


def _was_sent(gateway: SmsGateway, key: str) -> bool:
    """Look into the record, which is written in the transaction that claims the key."""
    kind = SmsGateway._meta.label_lower
    lines = AuditEntry.objects.filter(target_type=kind, target_id=str(gateway.pk), after__key=key)
    return bool(lines.filter(at__gte=timezone.now() - KEPT).exists())


def _record(gateway: SmsGateway, actor: Actor, told: dict[str, str]) -> None:
    audit.record(actor, Action.COMMANDED, gateway, platform_id=None, after=told)
