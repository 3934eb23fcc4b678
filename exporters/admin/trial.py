"""Try an exporter before it is saved: the vendor is asked with the values in the form.

The form decides which they are, as it does for saving: a stored secret stands in for an empty box
only where saving would keep it, so never for another server than the one it is for.
"""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from exporters.forms_of_exporters import PREFIX, ExporterForm
from exporters.kinds import Kind
from exporters.kinds.shape import SettingType
from exporters.models import Exporter, ExporterMac

from .address_pages import AddressPages
from .vendor_questions import ask, fragment, wants_fragment

TRY = "_try"
MAC = "_mac"
# What a try needs; one may be made before the exporter has a name.
NEEDED = (NON_FIELD_ERRORS, "platform")


class TrialPages(AddressPages):
    """The button on the form of an exporter that asks the vendor and saves nothing."""

    change_form_outer_after_template = "admin/exporters/exporter/trial.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}
        js: ClassVar[tuple[str, ...]] = ("remosa/vendor_questions.js",)

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Take a form that is checked and shown again, but never saved, for a try."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (_Tried, form), {}) if _is_trial(request) else form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Offer the try to who may save; when it is asked for, show the form with the answer."""
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        context = getattr(answer, "context_data", None)
        if not isinstance(answer, TemplateResponse) or not context or "adminform" not in context:
            return answer
        form, exporter = context["adminform"].form, context.get("original")
        if not isinstance(form, ExporterForm) or not self._may_save(request, exporter):
            return answer
        context["trial_kind"] = form.shape
        when = _choices_with_macs(form.shape)
        context["trial_macs"] = when and json.dumps(when)
        context["trial_mac"] = request.POST.get(MAC, "") or _first_mac(exporter, form.shape)
        if _is_trial(request):
            shown = _tried(request, form)
            if wants_fragment(request):
                return fragment(request, shown)
            context["trial"] = {**shown, "retype": form.secrets_changed}
            answer.status_code = shown.get("status", 200)
        return answer

    def _may_save(self, request: HttpRequest, exporter: Exporter | None) -> bool:
        if exporter is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, exporter)


class _Tried(ExporterForm):
    """A form that is checked as ever and never good enough to be saved."""

    def is_valid(self) -> bool:
        """Check; then have the page show it again."""
        super().is_valid()
        return False


def _is_trial(request: HttpRequest) -> bool:
    return request.method == "POST" and TRY in request.POST


def _tried(request: HttpRequest, form: ExporterForm) -> dict[str, Any]:
    """Ask with the row that the form filled in, or tell what is to be mended first."""
    exporter: Exporter = form.instance
    problems = list(_problems(form))
    identity = ""
    if not exporter.discovers:
        try:
            identity = form.shape.normal_identity(request.POST.get(MAC, ""))
        except ValueError:
            text = _("Enter the MAC of a player to ask about, such as 06:42:40:92:60:B4.")
            problems.append({"field": "trial_mac", "label": _("MAC"), "text": text})
    if problems:
        return {"problems": problems, "exporter": exporter}
    return ask(request, exporter, identity)


def _problems(form: ExporterForm) -> Iterator[dict[str, Any]]:
    for name, errors in form.errors.items():
        if not name.startswith(PREFIX) and name not in NEEDED:
            continue
        field = form[name] if name in form.fields else None
        for text in errors:
            yield {
                "field": field.id_for_label if field else "",
                "label": field.label if field else "",
                "text": text,
            }


def _choices_with_macs(kind: Kind) -> dict[str, list[str]] | None:
    """Tell by which choices of the form a vendor is asked for one device; {}: by any.

    None: by none of them, its list tells all.
    """
    found = {
        PREFIX + setting.name: [
            value for value, _title in setting.choices if not kind.discovers({setting.name: value})
        ]
        for setting in kind.settings
        if setting.type is SettingType.CHOICE
    }
    chosen = {name: values for name, values in found.items() if values}
    if kind.discovers({}):
        return chosen or None
    return {}


def _first_mac(exporter: Exporter | None, kind: Kind) -> str:
    if exporter is None or _choices_with_macs(kind) is None:
        return ""
    # unscoped: of an exporter that was reached by for_user
    macs = ExporterMac.objects.filter(exporter=exporter).order_by("pk")
    return macs.values_list("mac", flat=True).first() or ""
