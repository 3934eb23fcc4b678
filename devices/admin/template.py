"""Command templates: the catalogue's to be read, those that platforms write themselves."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter

from devices import catalogue
from devices.forms_of_templates import CataloguesForm, PreviewedForm, TemplateForm, form_of
from devices.models import Command, CommandTemplate
from devices.template_fields import Outline, outline_of, texts_of
from platforms.admin.filters import PlatformFilter

from .device_list import ModelFilter
from .shown_templates import example, shown
from .template_pages import OfferedFilter, OwnFilter, TemplatePages

PREVIEW = "_preview"


@admin.register(CommandTemplate)
class CommandTemplateAdmin(TemplatePages):
    """Members read all that they can send; administrators and managers write their platform's."""

    form = TemplateForm
    list_display = ("title", "model", "key", "harm", "whose", "for_jobs")
    list_display_links = ("title",)
    list_filter = (
        ModelFilter,
        OwnFilter,
        PlatformFilter,
        OfferedFilter,
        ("for_jobs", BooleanRadioFilter),
    )
    list_select_related = ("model", "platform")
    search_fields = ("key", "model__name")
    ordering = ("model__name", "platform_id", "pk")
    actions = None
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/devices/commandtemplate/detail.html"
    change_form_outer_after_template = "admin/devices/commandtemplate/preview.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}

    # -- the list -------------------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read each template of the page once."""
        changelist = super().get_changelist_instance(request)
        rows: list[Any] = list(changelist.result_list)
        for row in rows:
            row.shown = shown(row)
        changelist.result_list = rows
        return changelist

    @admin.display(description=gettext_lazy("command"))
    def title(self, template: Any) -> str:
        """Return the name in the reader's language."""
        shape = template.shown["shape"]
        return str(shape.name) if shape else template.key

    @admin.display(description=gettext_lazy("danger"))
    def harm(self, template: Any) -> SafeString | str:
        """Return how much harm it can do, as a coloured label."""
        if template.shown["shape"] is None:
            return "–"
        text = '<div class="rm"><div><span class="rm-badge rm-{}">{}</span></div></div>'
        return format_html(text, template.shown["colour"], template.shown["danger"])

    @admin.display(description=gettext_lazy("whose"))
    def whose(self, template: CommandTemplate) -> str:
        """Return who wrote it."""
        if template.definition is None:
            return _("catalogue")
        return str(template.platform) if template.platform else _("all platforms")

    # -- who may --------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Delete what was never sent; the rest is withdrawn and stays in the history."""
        may = super().has_delete_permission(request, obj)
        if not may or not isinstance(obj, CommandTemplate):
            return may
        # unscoped: of a template that was reached by for_user
        return obj.definition is not None and not Command.objects.filter(template=obj).exists()

    # -- the form -------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for the command, its messages, and each name in them; of the catalogue's nothing."""
        if isinstance(obj, CommandTemplate) and not self.writes(request, obj):
            return ((None, {"fields": ("model", "platform", "key", "for_jobs")}),)
        outline = _outline(request, obj)
        about = ["platform", "model", "key", "name_en", "name_ru", "help_en", "help_ru"]
        blocks: list[Any] = [(None, {"fields": about})]
        for number in range(1, outline.steps + 1):
            parts = ("text", "effect", *(("after",) if number > 1 else ()))
            title = _("Message %(number)s") % {"number": number}
            blocks.append((title, {"fields": [f"step_{number}_{part}" for part in parts]}))
        parts = ("kind", "label_en", "label_ru", "help_en", "help_ru", "min", "max", "unit",
                 "choices", "default", "secret")  # fmt: skip
        for name in outline.parameters:
            fields = [f"p_{name}_{part}" for part in parts]
            blocks.append((_("What {%(name)s} stands for") % {"name": name}, {"fields": fields}))
        safety = ["danger", "lines", "self_restoring", "dark_seconds", "for_jobs", "for_reboot"]
        blocks.append((_("What it may do"), {"fields": safety}))
        return self.without_given_platform(request, obj, blocks)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep the model and the key of a template for good; of the catalogue's everything."""
        fields = list(super().get_readonly_fields(request, obj))
        if not isinstance(obj, CommandTemplate):
            return fields
        fields.append("model")
        return fields if self.writes(request, obj) else [*fields, "key"]

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Take the form that the messages need; of the catalogue's jobs alone are asked about."""
        if isinstance(obj, CommandTemplate) and not self.writes(request, obj):
            kwargs["form"] = CataloguesForm
            return super().get_form(request, obj, change=change, **kwargs)
        outline = _outline(request, obj)
        asked = frozenset(
            name
            for name in outline.parameters
            if request.method != "POST" or f"p_{name}_kind" in request.POST
        )
        kwargs["form"] = form_of(outline, asked)
        form = super().get_form(request, obj, change=change, **kwargs)
        if _is_preview(request):
            form = type(form.__name__, (PreviewedForm, form), {})
        field: Any = form.base_fields.get("model")
        if field is not None:
            field.queryset = field.queryset.known()
            for link in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{link}_related", False)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show what a template makes; the preview of one that is being written."""
        buttons = {"show_save_and_continue": True, "show_save_and_add_another": False}
        answer = super().changeform_view(
            request, object_id, form_url, {**buttons, **(extra_context or {})}
        )
        context = getattr(answer, "context_data", None)
        if not isinstance(answer, TemplateResponse) or not context or "adminform" not in context:
            return answer
        form, row = context["adminform"].form, context.get("original")
        if isinstance(row, CommandTemplate):
            context["shown"] = shown(row)
        if isinstance(form, TemplateForm) and not isinstance(form, CataloguesForm):
            context["may_preview"] = bool(form.fields)
            if _is_preview(request) and form.shape is not None:
                model = form.cleaned_data.get("model") or form.instance.model
                known = catalogue.models().get(model.key)
                context["preview"] = example(known, form.shape)
        return answer


def _is_preview(request: HttpRequest) -> bool:
    return request.method == "POST" and PREVIEW in request.POST


def _outline(request: HttpRequest, obj: models.Model | None) -> Outline:
    """Return what the posted texts need, or those of the row."""
    if request.method == "POST":
        posted = [request.POST.get(f"step_{number}_text", "") for number in range(1, 9)]
        return outline_of(posted)
    return outline_of(texts_of(obj.definition if isinstance(obj, CommandTemplate) else None))
