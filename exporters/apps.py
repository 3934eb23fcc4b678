"""Registers the exporters application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportersConfig(AppConfig):
    """Exporters, the addresses they ask for, and the players behind them."""

    name = "exporters"
    verbose_name = _("Exporters")
    default_auto_field = "django.db.models.BigAutoField"
