"""The page of the Prometheus connection: one row, superadmins only, and a button that tries it."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

from exporters.connection import current_connection
from exporters.examination import examine
from exporters.models import Authentication, PrometheusConnection
from exporters.prometheus import PrometheusError
from platforms import outbound
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_forms import ScopedModelForm
from platforms.secrets import KEPT

THE_ROW = 1


class ConnectionForm(ScopedModelForm):
    """Checks what belongs together; the secret is written, never shown."""

    class Meta:
        model = PrometheusConnection
        fields = (
            "url", "authentication", "username", "secret", "verify_tls", "ca_certificate",
            "timeout",
        )  # fmt: skip
        widgets: ClassVar = {"ca_certificate": UnfoldAdminTextareaWidget(attrs={"rows": 4})}

    def clean_url(self) -> str:
        """Refuse what is no plain address."""
        url: str = self.cleaned_data["url"].strip()
        if not outbound.allowed(url, [url]):
            raise forms.ValidationError(
                _("Write an address such as http://127.0.0.1:9090, without a password in it.")
            )
        return url

    def clean(self) -> dict[str, Any] | None:
        """Ask for the name or the secret that the way of authentication needs."""
        cleaned = super().clean() or {}
        way = cleaned.get("authentication")
        if way == Authentication.BASIC and not cleaned.get("username"):
            self.add_error("username", _("Name and password need a name."))
        kept = cleaned.get("secret") is KEPT and bool(self.instance.secret)
        moved = self.instance.pk and not outbound.allowed(self.initial["url"], [_server(cleaned)])
        if kept and moved and way == Authentication.NONE:
            # Else the next save could turn authentication on, for a server that it is not for.
            self.instance.secret = ""
        elif kept and moved:
            self.add_error(
                "secret",
                _("Enter it anew: it is not sent to another server than the one it is for."),
            )
        return cleaned


def _server(cleaned: dict[str, Any]) -> str:
    """Return the typed address without its path."""
    parts = urlsplit(cleaned.get("url", ""))
    return f"{parts.scheme}://{parts.netloc}"


@admin.register(PrometheusConnection)
class PrometheusConnectionAdmin(ScopedModelAdmin):
    """The one row. Until it is saved, PROMETHEUS_URL holds."""

    see_deed = write_deed = Deed.OWN
    may_delete = False
    form = ConnectionForm
    change_form_template = "admin/exporters/prometheusconnection/change_form.html"
    fieldsets = (
        (None, {"fields": ("url", "timeout")}),
        (_("Authentication"), {"fields": ("authentication", "username", "secret")}),
        (_("TLS"), {"fields": ("verify_tls", "ca_certificate")}),
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}
        js: ClassVar[tuple[str, ...]] = ("remosa/connection_test.js",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow the first save, and no second row."""
        return super().has_add_permission(request) and not self._saved()

    def get_urls(self) -> list[URLPattern]:
        """Add the test before the page of a row, which takes any word."""
        test = path(
            "test/",
            self.admin_site.admin_view(require_POST(self.test)),
            name="exporters_prometheusconnection_test",
        )
        return [test, *super().get_urls()]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start with the address that holds now."""
        try:
            return {"url": current_connection().url}
        except PrometheusError:
            return {}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the one row: there is nothing to list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if self._saved():
            return redirect("admin:exporters_prometheusconnection_change", THE_ROW)
        return redirect("admin:exporters_prometheusconnection_add")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form with the button, without buttons for further rows."""
        context = {
            **(extra_context or {}),
            "title": _("Prometheus connection"),
            "test_url": reverse("admin:exporters_prometheusconnection_test"),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return answer

    def test(self, request: HttpRequest) -> HttpResponse:
        """Try the typed values, saved or not, and say what was found."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        # unscoped: the installation's one row, asked after the permission
        row = PrometheusConnection.objects.filter(pk=THE_ROW).first()
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            context["report"] = examine(form.instance)
        return render(request, "admin/exporters/prometheusconnection/report.html", context)

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Save as the one row."""
        obj.pk = THE_ROW
        super().save_model(request, obj, form, change)

    def _saved(self) -> bool:
        # unscoped: whether there is a row, never what is in it
        return PrometheusConnection.objects.filter(pk=THE_ROW).exists()
