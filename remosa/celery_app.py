"""Makes our Celery application that of every process with a database, so that all can hint."""

from django.apps import AppConfig


class RemosaConfig(AppConfig):
    """The wiring of Remosa."""

    name = "remosa"

    def ready(self) -> None:
        """Load the application: importing it makes it the default one."""
        from remosa import celery  # noqa: F401
