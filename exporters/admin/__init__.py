"""The admin doors of the exporters: read input, one call to a stage, show."""

from . import devices, prometheus_connection

__all__ = ["devices", "prometheus_connection"]
