"""Sockets of a platform and all that hangs on them, with the platform's words in each text."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import models
from django.utils import timezone

from devices import synchronisation
from devices.models import (
    Assignment,
    Binding,
    Command,
    CommandLine,
    CommandStep,
    CommandTemplate,
    CommissioningTrial,
    Device,
    DeviceLine,
    DeviceModel,
    IncomingSms,
    Pause,
    PowerOutage,
    SmsGateway,
    StatusQueryPlan,
)
from exporters.models import Player
from platforms.models import Platform, User

GATEWAY_SECRET = "canary-secret-of-gateway"
TEMPLATE_ID = 424242  # of the template of all platforms that addresses name
GATEWAY, MODEL = "canary-shared gateway", "simpal_d210"


def shared_sockets() -> dict[str, Any]:
    """Create, once, what sockets of all platforms share; by model label."""
    if not DeviceModel.objects.filter(key=MODEL).exists():
        synchronisation.synchronise()
    model = DeviceModel.objects.get(key=MODEL)
    gateway, _is_new = SmsGateway.objects.get_or_create(
        name=GATEWAY,
        defaults={
            "driver": "http_gateway",
            "address": "http://127.0.0.1:9/canary-shared",
            "secret": GATEWAY_SECRET,
            "secrets": f'{{"token": "{GATEWAY_SECRET}"}}',
        },
    )
    CommandTemplate.objects.get_or_create(
        pk=TEMPLATE_ID,
        defaults={"model": model, "key": "shared_own", "definition": definition("shared_own", "")},
    )
    return {"devices.devicemodel": model, "devices.smsgateway": gateway}


def definition(key: str, words: str) -> dict[str, Any]:
    """Return the definition of a template that asks a socket."""
    text = {"en": f"{words} Ask", "ru": f"{words} Спросить"}
    return {
        "key": key, "name": text, "help": text, "danger": "none", "code": "#07#", "effect": "query",
    }  # fmt: skip


def make_sockets(
    platform: Platform, letter: str, phone: str, player: Player, member: User
) -> dict[str, models.Model]:
    """Create a socket with a player, a command with its life, and what else a platform keeps."""
    shared = shared_sockets()
    now = timezone.now()

    def text(what: str) -> str:
        return f"canary-{letter} {what}"

    device = Device.objects.create(
        platform=platform,
        model=shared["devices.devicemodel"],
        name=text("socket"),
        phone=f"{phone}0001",
        notes=text("notes"),
        heard_at=now,
    )
    line = DeviceLine.objects.create(
        platform=platform, device=device, number=1, name=text("line"), is_on=True, told_at=now
    )
    of_device = {"platform": platform, "device": device}
    template = CommandTemplate.objects.create(
        platform=platform,
        model=device.model,
        key=f"canary-{letter}-own",
        definition=definition("own", text("")),
    )
    command = Command.objects.create(
        **of_device,
        key=uuid4(),
        gateway=shared["devices.smsgateway"],
        template=template,
        template_key=template.key,
        model_key=MODEL,
        phone=device.phone,
        text=text("text"),
        secret_text=f"{GATEWAY_SECRET}-in-a-text",
        parameters={"name": text("value")},
        segments=1,
        danger="none",
        effect="query",
        state="queued",
        reason=text("reason"),
        gateway_reference=text("reference"),
        author=member,
        author_name=text("author"),
        expires_at=now + timedelta(minutes=15),
    )
    CommandLine.objects.create(platform=platform, command=command, line=line, holds=False)
    CommandStep.objects.create(
        platform=platform, command=command, at=now, state="queued", reason=text("step")
    )
    message = IncomingSms.objects.create(
        **of_device,
        command=command,
        gateway=shared["devices.smsgateway"],
        identity=text("identity"),
        sender=device.phone,
        text=text("message"),
        kind="on",
        read_at=now,
        meaning={"note": text("meaning")},
    )
    outage = PowerOutage.objects.create(
        **of_device,
        began=now - timedelta(hours=1),
        ended=now,
        told_by=message,
        closed_by=text("author"),
        closed_reason=text("reason"),
    )
    CommissioningTrial.objects.create(
        **of_device,
        trial="query",
        command=command,
        started_at=now,
        finding=text("finding"),
        phone=device.phone,
        author_name=text("author"),
    )
    pause = Pause.objects.create(
        **of_device, reason=text("pause"), author_name=text("author"), lifted_at=None
    )
    return {
        "devices.device": device,
        "devices.command": command,
        "devices.commandtemplate": template,
        "devices.incomingsms": message,
        "devices.pause": pause,
        "devices.poweroutage": outage,
        "devices.statusqueryplan": StatusQueryPlan.objects.create(platform=platform),
        "devices.binding": Binding.objects.create(platform=platform, player=player, line=line),
        "devices.assignment": Assignment.objects.create(**of_device, user=member),
    }
