"""What the pages of all stops share: whether one lasts, and lifting it. What stops, they say."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from devices.models.stop import LASTS, STAGES, Stop
from devices.pauses import PauseRefused
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin


class LastingFilter(DropdownFilter):
    """Narrows the list to stops that last, or to those that are over."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("lasts", _("Lasts")), ("over", _("Over"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those that stop something now, or the others."""
        rows: Any = queryset
        lasting = rows.at(timezone.now())
        if self.value() == "lasts":
            kept: models.QuerySet[Any] = lasting
            return kept
        return rows.exclude(pk__in=lasting.values("pk")) if self.value() == "over" else queryset


class StopsAdmin(ConfirmedDeedsAdmin):
    """Nothing of a stop changes but that it is lifted, by whoever could have begun it."""

    may_change = False
    may_delete = False
    actions = None
    actions_detail = ("lift",)
    asked: ClassVar[tuple[str, ...]]
    what: ClassVar[str]

    def may_lift(self, request: HttpRequest, stop: Any) -> bool:
        """Tell whether the person may."""
        raise NotImplementedError

    def end(self, request: HttpRequest, stop: Any) -> None:
        """Let the stage lift it; raise PauseRefused."""
        raise NotImplementedError

    def question(self, stop: Any) -> str:
        """Return what goes on once it is lifted."""
        raise NotImplementedError

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for what a stop needs; show who did it of one that there is."""
        if obj is None:
            return list(self.asked)
        return ["state_now", self.what, "reason", "author_name", "created_at", "expires_at",
                "lifted_at"]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Nothing of a stop changes."""
        return self.get_fields(request, obj) if obj is not None else ()

    @display(
        description=gettext_lazy("state"),
        label={"lasts": "warning", "over": "info", "lifted": "info"},
    )
    def state(self, stop: Stop) -> tuple[str, str]:
        """Return whether it still stops anything."""
        stage = stop.stage(timezone.now())
        return stage, str(STAGES[stage])

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, stop: Stop) -> str:
        """Return whether it still stops anything, in words."""
        return str(self.state(stop)[1])

    def has_lift_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Offer it while the stop lasts, to who may."""
        stop = self.row_or_404(request, object_id)
        return self.state(stop)[0] == LASTS and self.may_lift(request, stop)

    @action(
        description=gettext_lazy("Lift"),
        url_path="lift",
        icon="play_circle",
        permissions=["lift"],
    )
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first: what was held back goes on."""
        stop = self.row_or_404(request, object_id)
        if request.method != "POST":
            title = _("Lift the pause?")
            return self.ask(request, stop, title=title, text=self.question(stop), button=_("Lift"))
        try:
            self.end(request, stop)
            messages.success(request, _("The pause was lifted."))
        except PauseRefused as refused:
            messages.warning(request, str(refused))
        return self.back_to(stop)
