"""Registers the devices application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DevicesConfig(AppConfig):
    """Power sockets, the commands to them, and the road that commands go."""

    name = "devices"
    verbose_name = _("Sockets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lend the pages of platforms what they may not import: the use of limits."""
        from platforms import registry

        from .usage import sockets_used

        registry.usage_of_limits["sockets_limit"] = sockets_used
