"""The admin doors of sockets and commands: read input, one call to a stage, show."""

from . import (
    command,
    device,
    device_model,
    gateway,
    incoming,
    pause,
    status_query_plan,
    template,
    usage,
)

__all__ = [
    "command",
    "device",
    "device_model",
    "gateway",
    "incoming",
    "pause",
    "status_query_plan",
    "template",
    "usage",
]
