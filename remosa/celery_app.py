"""Makes our Celery application that of every process with a database, so that all can hint.

And gives the page of metrics what the engine has to tell.
"""

from django.apps import AppConfig


class RemosaConfig(AppConfig):
    """The wiring of Remosa."""

    name = "remosa"

    def ready(self) -> None:
        """Load the application: importing it makes it the default one."""
        from prometheus_client import REGISTRY

        from jobs.figures import EngineCollector
        from remosa import celery  # noqa: F401

        REGISTRY.register(EngineCollector())
