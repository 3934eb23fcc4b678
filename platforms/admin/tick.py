"""Background work: when each piece ran last and what went wrong, for superadmins."""

from datetime import timedelta
from typing import ClassVar

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import display

from platforms.models import Tick
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin


@admin.register(Tick)
class TickAdmin(ReadOnlyAdmin):
    """The last run of everything that the clock and the workers do."""

    see_deed: ClassVar[Deed] = Deed.OWN
    list_display = ("name", "state", "started_at", "took", "failed_at")
    fields = ("name", "started_at", "finished_at", "error", "failed_at")
    actions = None

    @display(
        description=gettext_lazy("state"),
        label={"works": "success", "busy": "info", "failed": "danger", "never": "default"},
    )
    def state(self, tick: Tick) -> tuple[str, str]:
        """Return how the last run went."""
        if tick.busy_until is not None and tick.busy_until > timezone.now():
            return "busy", _("at work")
        if tick.error:
            return "failed", tick.error
        if tick.started_at is None:
            return "never", _("has not run yet")
        return "works", _("works")

    @admin.display(description=gettext_lazy("took"))
    def took(self, tick: Tick) -> str:
        """Return how long the last run that ended took."""
        if tick.started_at is None or tick.finished_at is None:
            return "–"
        span = tick.finished_at - tick.started_at
        if span < timedelta():
            return "–"  # the next one has begun
        return _("%(seconds).1f s") % {"seconds": span.total_seconds()}
