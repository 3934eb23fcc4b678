"""The admin doors of sockets and commands: read input, one call to a stage, show."""

from . import command, device, device_model, incoming, pause, template

__all__ = ["command", "device", "device_model", "incoming", "pause", "template"]
