"""Tables of acting: sockets and what hangs on them, gateways, commands, budgets, pauses."""

from .budget import BudgetPeriod, Span
from .command import Command, CommandLine, CommandStep
from .commissioning import CommissioningTrial, StatusQueryPlan, Trial
from .device import Assignment, Binding, Device, DeviceLine
from .device_model import CommandTemplate, DeviceModel
from .gateway import SmsGateway
from .gateway_health import GatewayHealth, HeldReason
from .incoming import GatewayInbox, InboxOccurrence, IncomingSms
from .outage import PowerOutage
from .pause import Pause
from .total import CommandTotal

__all__ = [
    "Assignment",
    "Binding",
    "BudgetPeriod",
    "Command",
    "CommandLine",
    "CommandStep",
    "CommandTemplate",
    "CommandTotal",
    "CommissioningTrial",
    "Device",
    "DeviceLine",
    "DeviceModel",
    "GatewayHealth",
    "GatewayInbox",
    "HeldReason",
    "InboxOccurrence",
    "IncomingSms",
    "Pause",
    "PowerOutage",
    "SmsGateway",
    "Span",
    "StatusQueryPlan",
    "Trial",
]
