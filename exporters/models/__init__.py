"""Tables of observation: exporters, the MACs they ask for, the players, the exporter processes."""

from .connection import Authentication, PrometheusConnection
from .exporter import Exporter, kind_choices, version_now
from .player import ExporterMac, Player, PlayerSource
from .process import ExporterProcess

__all__ = [
    "Authentication",
    "Exporter",
    "ExporterMac",
    "ExporterProcess",
    "Player",
    "PlayerSource",
    "PrometheusConnection",
    "kind_choices",
    "version_now",
]
