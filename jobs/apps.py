"""Registers the jobs application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Rules over Prometheus: which player is bad, since when, and what is done about it."""

    name = "jobs"
    verbose_name = _("Jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell those below which commands are judged and guarded here, and what jobs tell."""
        from django.db.models import Q

        from devices import gates as gates_of_devices, verification
        from exporters import lending
        from platforms import notice_kinds as kinds_of_notices

        from . import before_the_wire, notice_kinds
        from .beside_players import jobs_panel
        from .overview_panel import engine_panel

        kinds_of_notices.register(notice_kinds.ALL)
        gates_of_devices.of_jobs["job"] = before_the_wire.shut
        verification.left_to_others.append(Q(execution__episode__trigger="rule"))
        lending.overview_panels["jobs"] = engine_panel
        lending.player_panels["jobs"] = jobs_panel
