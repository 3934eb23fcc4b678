"""Registers the devices application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DevicesConfig(AppConfig):
    """Power sockets, the commands to them, and the road that commands go."""

    name = "devices"
    verbose_name = _("Sockets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lend the pages of platforms and of players what they may not import."""
        from exporters import lending
        from platforms import notice_kinds as kinds_of_notices, registry

        from . import notice_kinds, sockets
        from .beside_players import restart_cells, socket_cells, socket_panel
        from .overview_panel import road_panel
        from .usage import sockets_used

        registry.usage_of_limits["sockets_limit"] = sockets_used
        registry.leaving["devices"] = sockets.take_back
        kinds_of_notices.register(notice_kinds.ALL)
        lending.player_columns["socket"] = lending.PlayerColumn(_("Socket"), socket_cells)
        lending.player_columns["restart"] = lending.PlayerColumn(_("Power"), restart_cells)
        lending.player_panels["socket"] = socket_panel
        lending.overview_panels["road"] = road_panel
