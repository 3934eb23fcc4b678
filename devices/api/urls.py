"""Addresses of the REST API of sockets and commands."""

from typing import Any

from django.urls import URLPattern

from platforms.api.routes import either_way

from .assignments import Assignments
from .bindings import Bindings
from .bulk import BulkCommands
from .command_templates import CommandTemplates
from .commands import Commands
from .device_models import DeviceModels
from .devices import Devices
from .incoming import IncomingMessages
from .pauses import Pauses
from .power_outages import PowerOutages
from .previews import CommandPreview
from .sms_gateways import SmsGateways
from .usage import SmsUsage
from .webhook import GatewayWebhook

READ_MANY: dict[str, Any] = {"get": "list"}
READ_ONE: dict[str, Any] = {"get": "retrieve"}
MAKE: dict[str, Any] = {**READ_MANY, "post": "create"}
CHANGE: dict[str, Any] = {"patch": "partial_update"}
REMOVE: dict[str, Any] = {"delete": "destroy"}

urlpatterns: list[URLPattern] = [
    *either_way("assignments", Assignments.as_view(MAKE)),
    *either_way("assignments/<id:pk>", Assignments.as_view({**READ_ONE, **REMOVE})),
    *either_way("bindings", Bindings.as_view(MAKE)),
    *either_way("bindings/<id:pk>", Bindings.as_view({**READ_ONE, **REMOVE})),
    *either_way("command-templates", CommandTemplates.as_view(MAKE)),
    *either_way("command-templates/<id:pk>", CommandTemplates.as_view({**READ_ONE, **CHANGE})),
    *either_way("commands", Commands.as_view(MAKE)),
    *either_way("commands/bulk", BulkCommands.as_view()),
    *either_way("commands/preview", CommandPreview.as_view()),
    *either_way("commands/<id:pk>", Commands.as_view(READ_ONE)),
    *either_way("commands/<id:pk>/cancel", Commands.as_view({"post": "cancel"})),
    *either_way("commands/<id:pk>/give-up", Commands.as_view({"post": "give_up"})),
    *either_way("device-models", DeviceModels.as_view(READ_MANY)),
    *either_way("device-models/<id:pk>", DeviceModels.as_view(READ_ONE)),
    *either_way("devices", Devices.as_view(MAKE)),
    *either_way("devices/<id:pk>", Devices.as_view({**READ_ONE, **CHANGE, **REMOVE})),
    *either_way("incoming-messages", IncomingMessages.as_view(READ_MANY)),
    *either_way("incoming-messages/<id:pk>", IncomingMessages.as_view(READ_ONE)),
    *either_way("pauses", Pauses.as_view(MAKE)),
    *either_way("pauses/<id:pk>", Pauses.as_view(READ_ONE)),
    *either_way("pauses/<id:pk>/lift", Pauses.as_view({"post": "lift"})),
    *either_way("power-outages", PowerOutages.as_view(READ_MANY)),
    *either_way("power-outages/<id:pk>", PowerOutages.as_view(READ_ONE)),
    *either_way("power-outages/<id:pk>/close", PowerOutages.as_view({"post": "close"})),
    *either_way("sms-gateways", SmsGateways.as_view(READ_MANY)),
    *either_way("sms-gateways/<id:pk>", SmsGateways.as_view(READ_ONE)),
    *either_way("sms-gateways/<str:key>/webhook", GatewayWebhook.as_view(), "gateway-webhook"),
    *either_way("sms-usage", SmsUsage.as_view(READ_MANY)),
]
