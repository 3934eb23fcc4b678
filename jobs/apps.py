"""Registers the jobs application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Rules over Prometheus: which player is bad, since when, and what is done about it."""

    name = "jobs"
    verbose_name = _("Jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell those below which commands are judged here, and what jobs have to tell."""
        from django.db.models import Q

        from devices import verification
        from platforms import notice_kinds as kinds_of_notices

        from . import notice_kinds

        kinds_of_notices.register(notice_kinds.ALL)
        verification.left_to_others.append(Q(execution__episode__trigger="rule"))
