"""Makes Django find the process' commands; there are no models here."""

from django.apps import AppConfig


class ExporterProcessConfig(AppConfig):
    name = "exporters.process"
    label = "exporter_process"
