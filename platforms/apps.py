"""Registers the platforms application and its system check."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class PlatformsConfig(AppConfig):
    """Tenants and people."""

    name = "platforms"
    verbose_name = _("Platforms")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hook up the tenancy check and the reinstalling of the database guards."""
        from django.db.models.signals import post_migrate, pre_migrate

        from . import integrity, scoping

        register(scoping.check_every_model_has_a_tenancy)
        register(integrity.check_links_can_be_guarded)
        register(integrity.check_guards_are_installed, Tags.database)
        # The only signals of the project, the two ends of migrate: SQLite cannot rebuild a table
        # that a trigger names, and forgets the triggers of a table that it rebuilds.
        pre_migrate.connect(integrity.withdraw_before_migrate, sender=self)
        post_migrate.connect(integrity.reinstall_after_migrate, sender=self)
