"""The admin doors of the exporters: read input, one call to a stage, show."""

from . import devices, exporters, macs, processes, prometheus_connection

__all__ = ["devices", "exporters", "macs", "processes", "prometheus_connection"]
