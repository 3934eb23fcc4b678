"""Polls the vendors that exporters of the kind `json` describe and serves what they say."""

from exporters.process.command import ExporterCommand


class Command(ExporterCommand):
    help = __doc__
    kind = "json"
