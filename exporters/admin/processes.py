"""Exporter processes that Prometheus scrapes: superadmins pin their addresses and remove them."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from exporters.forms import ExporterProcessForm
from exporters.models import ExporterProcess
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin

SILENT_AFTER = timedelta(minutes=5)  # a process announces itself every minute


@admin.register(ExporterProcess)
class ExporterProcessAdmin(ScopedModelAdmin):
    """The targets of Prometheus."""

    see_deed: ClassVar[Deed] = Deed.OWN
    write_deed: ClassVar[Deed] = Deed.OWN
    form = ExporterProcessForm
    list_display = (
        "instance", "kind", "address", "limited_to", "pinned", "state", "announced_at", "version",
    )  # fmt: skip
    list_select_related = ("limited_to", "token")
    list_filter = (("kind", ChoicesDropdownFilter), ("pinned", BooleanRadioFilter))
    search_fields = ("instance", "address")
    warn_unsaved_form = True

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Say where processes may run, and what an existing one said of itself."""
        allowed = ", ".join(settings.EXPORTER_ADDRESSES) or "—"
        target = {
            "fields": ("kind", "instance", "address", "scheme", "pinned", "limited_to"),
            "description": _("Allowed hosts (REMOSA_EXPORTER_ADDRESSES): %(allowed)s")
            % {"allowed": allowed},
        }
        said = {"fields": ("announced_at", "version", "token", "created_at")}
        return ((None, target), (_("Announced"), said)) if obj else ((None, target),)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep what the process says; its name is its label in Prometheus, for good."""
        said = ("announced_at", "version", "token", "created_at")
        if not isinstance(obj, ExporterProcess):
            return said
        by_token = ("limited_to",) if _limited_by_token(obj) else ()
        return ("kind", "instance", *by_token, *said)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Pin what is added by hand: nobody announced it."""
        return {"pinned": True, **super().get_changeform_initial_data(request)}

    @display(
        description=_("state"),
        label={
            "announced": "success",
            "silent": "warning",
            "never": "default",
            "revoked": "danger",
        },
    )
    def state(self, process: ExporterProcess) -> tuple[str, str]:
        """Return whether it announces itself; whether it answers, Prometheus knows."""
        if not process.pinned and process.token is not None and process.token.revoked_at:
            return "revoked", str(_("not scraped: its token was revoked"))
        if process.announced_at is None:
            return "never", str(_("never announced"))
        age = timezone.now() - process.announced_at
        if age < SILENT_AFTER:
            return "announced", str(_("announces itself"))
        return "silent", str(_("silent for %(age)s") % {"age": timesince(process.announced_at)})

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Save the form's own fields alone: the process may announce itself in the meantime."""
        if change:
            # unscoped: the row of the form, which was reached by for_user
            fresh = ExporterProcess.objects.select_for_update().get(pk=obj.pk)
            for name in ("token_id", "version", "announced_at"):
                setattr(obj, name, getattr(fresh, name))
            if fresh.token is not None and not obj.pinned:
                obj.limited_to_id = fresh.token.platform_id
            elif "limited_to" not in form.cleaned_data:
                obj.limited_to_id = fresh.limited_to_id
        super().save_model(request, obj, form, change)


def _limited_by_token(process: ExporterProcess) -> bool:
    """Tell whether the next announcement would undo what a person sets."""
    return process.token_id is not None and not process.pinned
