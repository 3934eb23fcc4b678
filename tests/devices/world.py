"""Sockets of platform A, a gateway that remembers what it was given, and a clock to turn."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from django.db import connection

from devices import commands, outbox, sockets, synchronisation
from devices.gateways.shape import Outcome, Outgoing, Reason, Sent
from devices.models import Command, CommandTemplate, Device, DeviceModel, SmsGateway
from devices.senders import Sender
from platforms.audit import SYSTEM, Actor
from platforms.models import Platform, User

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_number = count(1)

VALUES = {"power_cycle": {"minutes": "1"}}  # of commands that a test does not care about

ACCEPTED = Sent(Outcome.ACCEPTED, Reason.ACCEPTED)
REJECTED = Sent(Outcome.REJECTED, Reason.REFUSED)
UNKNOWN = Sent(Outcome.UNKNOWN, Reason.TIMEOUT)


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@dataclass
class Gateway:
    """The far side of a driver: keeps a log of its own, says what it was told to say."""

    says: Sent = ACCEPTED
    log: list[Outgoing] = field(default_factory=list)
    on_send: Callable[[Outgoing], None] = lambda _outgoing: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        with self._lock:
            self.log.append(outgoing)
        self.on_send(outgoing)
        return self.says

    @property
    def texts(self) -> list[str]:
        """What it was given, in order."""
        return [outgoing.text for outgoing in self.log]


def make_gateway(platform: Platform | None = None, **fields: Any) -> SmsGateway:
    """Create a gateway without limits, shared unless it is a platform's."""
    values: dict[str, Any] = {"name": f"Gateway {next(_number)}", "driver": "console"}
    values |= {"platform": platform, "at_once": None}
    gateway: SmsGateway = SmsGateway.objects.create(**{**values, **fields})
    return gateway


def make_socket(platform: Platform, model: str = "simpal_d210", **fields: Any) -> Device:
    """Take a socket into use; the shared gateway and the catalogue's rows come along."""
    if not DeviceModel.objects.filter(key=model).exists():
        synchronisation.synchronise()
    if not SmsGateway.objects.exists():
        make_gateway()
    number = next(_number)
    values = {"name": f"Socket {number}", "phone": f"+7900{number:07}", "platform": platform}
    device = Device(model=DeviceModel.objects.get(key=model), **{**values, **fields})
    return sockets.register(device, SYSTEM)


def template(device: Device, key: str) -> CommandTemplate:
    """Return the catalogue's template."""
    found: CommandTemplate = CommandTemplate.objects.get(model=device.model, key=key, platform=None)
    return found


def sender(user: User) -> Sender:
    """Return a person as a sender."""
    return Sender(Actor(label=user.email, via="admin", user_id=user.pk), user)


def give(device: Device, key: str, values: dict[str, str] | None = None, **options: Any) -> Command:
    """Give a command of the catalogue at noon, as a job unless told otherwise."""
    by = options.pop("sender", Sender.job("test"))
    now, key_of_it = options.pop("now", NOON), options.pop("named", None) or uuid4()
    values = values or VALUES.get(key, {})
    return commands.queue(template(device, key), device, values, by, key_of_it, now, **options)


def drive(gateway: Gateway, clock: Clock, turns: int = 20) -> None:
    """Let one worker do all there is to do now."""
    for _turn in range(turns):
        if not outbox.turn(gateway, clock):
            return
    raise AssertionError("the queue never empties")


def together(deed: Callable[[int], Any], workers: int) -> list[Any]:
    """Do it in threads that start at once, each with a connection of its own; raise what raised."""
    gate, outcomes = threading.Barrier(workers), [None] * workers
    raised: list[BaseException] = []

    def work(at: int) -> None:
        try:
            gate.wait(30)
            outcomes[at] = deed(at)
        except BaseException as error:
            raised.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads)
    assert not raised, raised
    return outcomes


def sender_of_nobody() -> Sender:
    """Return somebody who may everything, for tests that ask for no rights."""
    root = User.objects.filter(is_superuser=True).first()
    return sender(root or User.objects.create_superuser("root-of-tests@example.test", "-"))
