"""Registers the exporters application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportersConfig(AppConfig):
    """Exporters, the addresses they ask for, and the players behind them."""

    name = "exporters"
    verbose_name = _("Exporters")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lend the pages of platforms what they may not import: the use of limits, the kinds."""
        from platforms import registry

        from .kinds import KINDS
        from .usage import players_used

        registry.usage_of_limits["players_limit"] = players_used
        registry.exporter_kinds.update({kind.name: kind.title for kind in KINDS.values()})
