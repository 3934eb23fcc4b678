"""A gateway on loopback: an inbox that tests fill, and states of messages by their key."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from devices import inbox
from devices.gateways.shape import Received
from devices.models import Device, IncomingSms, SmsGateway
from tests.devices import world
from tests.devices.gateways import far_gateway
from tests.devices.gateways.far_gateway import HEAD_END, Log

SIGNING_KEY = "canary-signing-key"


@dataclass
class Far:
    """What the gateway has: a list of messages, and states of messages by their key."""

    address: str = ""
    messages: Sequence[Received] = ()
    states: dict[str, Any] = field(default_factory=dict)
    hangs: bool = False
    status: int = 200
    log: Log = field(default_factory=Log)

    def talk(self, connection: socket.socket, log: Log) -> None:
        """Answer one request as a gateway of either sort does."""
        asked = far_gateway.read(connection, log)
        if asked is None:
            return
        if self.hangs:
            log.ended.wait(20)
            return
        code, body = self.status, self._body(asked.path)
        if body is None:
            code, body = 404, {"message": "no such message"}
        text = json.dumps(body).encode()
        lines = f"HTTP/1.1 {code} X\r\nContent-Length: {len(text)}".encode()
        connection.sendall(lines + HEAD_END + text)

    def _body(self, path: str) -> Any:
        if path == "/sms":
            return {"status": "ok", "sms_messages": [_written(each) for each in self.messages]}
        key = path.rpartition("/")[2]
        return {"id": key} | self.states[key] if key in self.states else None


def _written(message: Received) -> dict[str, str]:
    at = {} if message.at is None else {"timestamp": message.at.isoformat()}
    return {"from": message.sender, "message": message.text, **at}


@contextmanager
def far_side() -> Iterator[Far]:
    """Run a gateway until the block ends."""
    far = Far()
    with far_gateway.gateway(far.talk) as log:
        far.address, far.log = log.address, log
        yield far


def make_listening(far: Far, driver: str = "http", **fields: Any) -> SmsGateway:
    """Create the gateway's row."""
    secrets = json.dumps({"signing_key": SIGNING_KEY})
    values = {"driver": driver, "address": far.address, "secret": "key", "secrets": secrets}
    return world.make_gateway(**{**values, **fields})


def make_old_socket(platform: Any, model: str = "simpal_d210", **fields: Any) -> Device:
    """Take a socket into use that has been there since yesterday."""
    device = world.make_socket(platform, model, **fields)
    Device.objects.filter(pk=device.pk).update(created_at=world.NOON - timedelta(days=1))
    device.refresh_from_db()
    return device


def hear(
    gateway: SmsGateway, device: Device, text: str, at: datetime, now: datetime
) -> IncomingSms:
    """Let a gateway tell of one message of a socket."""
    inbox.receive(gateway, [Received(device.phone, text, at)], lambda: now)
    found: IncomingSms = IncomingSms.objects.latest("pk")
    return found
