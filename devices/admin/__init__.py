"""The admin doors of sockets and commands: read input, one call to a stage, show."""

from . import device

__all__ = ["device"]
