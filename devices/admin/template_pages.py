"""Withdrawing a template that people wrote, and offering it again; filters of their list."""

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from devices.models import CommandTemplate
from platforms import audit
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.audit import Action, Actor

from .shared_rows import SharedRowsAdmin


class OfferedFilter(DropdownFilter):
    """Leaves out what was withdrawn, unless it is asked for."""

    title = gettext_lazy("use")
    parameter_name = "use"
    all_option = ("", gettext_lazy("Can be sent"))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what is history too."""
        return [("withdrawn", _("Withdrawn")), ("all", _("All"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep what can be sent unless others were asked for."""
        if self.value() == "all":
            return queryset
        return queryset.filter(withdrawn_at__isnull=self.value() != "withdrawn")


class OwnFilter(DropdownFilter):
    """Narrows the list to the catalogue's, or to what people wrote."""

    title = gettext_lazy("author")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("catalogue", _("Of the catalogue")), ("people", _("Written by people"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen author."""
        if self.value() not in ("catalogue", "people"):
            return queryset
        return queryset.filter(definition__isnull=self.value() == "catalogue")


class TemplatePages(SharedRowsAdmin, ConfirmedDeedsAdmin):
    """Deeds on a template that people wrote."""

    actions_detail = ("withdraw", "offer")

    def writes(self, request: HttpRequest, row: CommandTemplate) -> bool:
        """Tell whether the person may change what the template is: never that of the catalogue."""
        return row.definition is not None and self.has_change_permission(request, row)

    def has_withdraw_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to write it, and that it can still be sent."""
        row = self.row_or_404(request, object_id)
        return row.withdrawn_at is None and self.writes(request, row)

    def has_offer_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to write it, and that it was withdrawn."""
        row = self.row_or_404(request, object_id)
        return row.withdrawn_at is not None and self.writes(request, row)

    @action(
        description=gettext_lazy("Withdraw"),
        url_path="withdraw",
        icon="block",
        permissions=["withdraw"],
        variant=ActionVariant.DANGER,
    )
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then nobody can send it any more."""
        text = _("Nobody, and no job, can send it any more. Commands already given go on.")
        return self._turn(request, object_id, _("Withdraw this template?"), text, _("Withdraw"))

    @action(
        description=gettext_lazy("Offer again"),
        url_path="offer",
        icon="undo",
        permissions=["offer"],
    )
    def offer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then it can be sent again."""
        text = _("It can be sent again, as it was.")
        return self._turn(request, object_id, _("Offer this template again?"), text, _("Offer"))

    def _turn(
        self, request: HttpRequest, object_id: str, title: str, text: str, button: str
    ) -> HttpResponse:
        row = self.row_or_404(request, object_id)
        if request.method != "POST":
            danger = row.withdrawn_at is None
            return self.ask(request, row, title=title, text=text, button=button, danger=danger)
        before = audit.snapshot(row)
        row.withdrawn_at = None if row.withdrawn_at else timezone.now()
        row.save(update_fields=["withdrawn_at"])
        after = {"withdrawn_at": row.withdrawn_at and row.withdrawn_at.isoformat()}
        audit.record(
            Actor.of_request(request),
            Action.CHANGED,
            row,
            platform_id=row.platform_id,
            before={"key": before["key"]},
            after={"key": row.key, **after},
        )
        done = _("It was withdrawn.") if row.withdrawn_at else _("It is offered again.")
        messages.success(request, done)
        return self.back_to(row)
