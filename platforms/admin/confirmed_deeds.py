"""Deeds on one row behind a page that asks first: GET asks, POST does.

Unfold runs its actions on GET as well, where no CSRF token protects them.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from platforms.scoped_admin import ScopedModelAdmin


class ConfirmedDeedsAdmin(ScopedModelAdmin):
    """An admin whose rows have deeds of their own beside change and delete."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Offer one button: such a row is made once and does not change."""
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        context = {**buttons, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """Return a row that the person can see; foreign and random ids look the same."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return row

    def ask(
        self,
        request: HttpRequest,
        row: models.Model,
        *,
        title: str,
        text: str,
        button: str,
        danger: bool = False,
        form: forms.Form | None = None,
        back: str = "",
    ) -> HttpResponse:
        """Show what is about to happen, with the button that does it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": self.name_of(row),
            "title": title,
            "text": text,
            "button": button,
            "danger": danger,
            "form": form,
            "back": back or self.page_of(row),
        }
        return TemplateResponse(request, "platforms/confirm.html", context)

    def name_of(self, row: models.Model) -> str:
        """Return what stands for the row in the path above its pages."""
        return str(row)

    def page_of(self, row: models.Model) -> str:
        """Return the address of the row's own page."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(f"{self.admin_site.name}:{name}", args=[row.pk])

    def back_to(self, row: models.Model) -> HttpResponse:
        """Go to the row's own page."""
        return redirect(self.page_of(row))
