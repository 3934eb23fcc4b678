"""Polls CubicMedia about Remosa's players and serves what it says to Prometheus."""

from exporters.process.command import ExporterCommand


class Command(ExporterCommand):
    help = __doc__
    kind = "cubic"
