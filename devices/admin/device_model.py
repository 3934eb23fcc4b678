"""Socket models: what each can do, as the catalogue says. Nobody changes them here."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from devices import catalogue
from devices.models import CommandTemplate, Device, DeviceModel
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

from .shown_templates import shown


@admin.register(DeviceModel)
class DeviceModelAdmin(ReadOnlyAdmin):
    """Everybody reads the catalogue."""

    list_display = ("name", "outlets", "commands", "in_use", "version", "withdrawn_at")
    actions = None
    change_form_outer_before_template = "admin/devices/devicemodel/detail.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Leave everything to the page above the form."""
        return ()

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Leave everything to the page above the form."""
        return ()

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count the person's sockets of each model in one query."""
        changelist = super().get_changelist_instance(request)
        sockets = Device.objects.for_user(person_of(request)).in_use().order_by()
        counted = sockets.values_list("model").annotate(number=models.Count("pk"))
        numbers = dict(counted)
        rows: list[Any] = list(changelist.result_list)
        for row in rows:
            row.sockets_number = numbers.get(row.pk, 0)
        changelist.result_list = rows
        return changelist

    @admin.display(description=_("lines"))
    def outlets(self, model: DeviceModel) -> str:
        """Return how many lines are switched."""
        shape = catalogue.models().get(model.key)
        return str(shape.outlets) if shape else "–"

    @admin.display(description=_("commands"))
    def commands(self, model: DeviceModel) -> str:
        """Return how many commands the catalogue has."""
        shape = catalogue.models().get(model.key)
        return str(len(shape.commands)) if shape else "–"

    @admin.display(description=_("sockets"))
    def in_use(self, model: Any) -> int:
        """Return how many sockets of one's platforms are of this model."""
        number: int = model.sockets_number
        return number

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the model is and each of its commands."""
        model = self.get_object(request, object_id)
        context: dict[str, Any] = {"title": _("Socket model"), **(extra_context or {})}
        if model is not None:
            rows = CommandTemplate.objects.for_user(person_of(request)).offered()
            own = rows.filter(model=model).select_related("model", "platform")
            context["shape"] = catalogue.models().get(model.key)
            context["templates"] = [shown(row) for row in own.order_by("platform_id", "pk")[:200]]
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer
