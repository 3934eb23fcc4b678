"""Polls AddReality for the lists of Remosa's platforms and serves what it says to Prometheus."""

from exporters.process.command import ExporterCommand


class Command(ExporterCommand):
    help = __doc__
    kind = "addreality"
