"""Registers the exporters application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportersConfig(AppConfig):
    """Exporters, the addresses they ask for, and the players behind them."""

    name = "exporters"
    verbose_name = _("Exporters")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lend the pages of platforms what they may not import: limits, kinds, notices."""
        from platforms import notice_kinds as kinds_of_notices, registry

        from . import notice_kinds
        from .kinds import KINDS
        from .usage import players_used

        registry.usage_of_limits["players_limit"] = players_used
        kinds_of_notices.register(notice_kinds.ALL)
        registry.exporter_kinds.update({kind.name: kind.title for kind in KINDS.values()})
