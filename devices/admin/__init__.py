"""The admin doors of sockets and commands: read input, one call to a stage, show."""

from . import device, device_model, pause

__all__ = ["device", "device_model", "pause"]
