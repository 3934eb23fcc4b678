"""SMS gateways, for superadmins: the list, and the form, which asks for what the driver needs."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter

from devices.forms_of_gateways import PREFIX, GatewayForm, form_of
from devices.gateways import DRIVERS, Driver
from devices.line_states import age
from devices.models import Command, Device, GatewayHealth, GatewayInbox, IncomingSms, SmsGateway
from platforms.admin.filters import PlatformFilter
from platforms.roles import Deed

from .gateway_pages import GatewayTrials


@admin.register(SmsGateway)
class SmsGatewayAdmin(GatewayTrials):
    """The installation's accounts at gateways; nobody else sees them."""

    see_deed: ClassVar[Deed] = Deed.OWN
    write_deed: ClassVar[Deed] = Deed.OWN
    form = GatewayForm
    list_display = ("name", "sort", "whose", "enabled", "condition", "last_taken")
    list_filter = (PlatformFilter, ("enabled", BooleanRadioFilter))
    list_select_related = ("platform", "health", "inbox")
    search_fields = ("name",)
    actions = None
    actions_detail = ("check_now", "send_test")
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/devices/smsgateway/detail.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}

    # -- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Leave the secrets where they are until a form needs them."""
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("platform", "health", "inbox")

    @admin.display(description=gettext_lazy("driver"), ordering="driver")
    def sort(self, gateway: SmsGateway) -> str:
        """Return what people call the driver."""
        driver = DRIVERS.get(gateway.driver)
        return str(driver.title) if driver else gateway.driver

    @admin.display(description=gettext_lazy("for"))
    def whose(self, gateway: SmsGateway) -> str:
        """Return whose commands it carries."""
        return str(gateway.platform) if gateway.platform else _("all platforms")

    @admin.display(description=gettext_lazy("condition"))
    def condition(self, gateway: SmsGateway) -> SafeString:
        """Return whether it works, as those who use it noted."""
        colour, text = _condition(gateway)
        badge = '<div class="rm"><div><span class="rm-badge rm-{}">{}</span></div></div>'
        return format_html(badge, colour, text)

    @admin.display(description=gettext_lazy("last took a message"))
    def last_taken(self, gateway: SmsGateway) -> SafeString | str:
        """Return how long ago."""
        health = _health(gateway)
        return age(health.accepted_at, timezone.now()) if health else ""

    # -- the form -------------------------------------------------------------------------------

    def recorded_on(self, obj: models.Model) -> int | None:
        """Keep what concerns gateways in the installation's record, a platform's too."""
        return None

    def secrets_in(self, form: forms.ModelForm[Any]) -> list[str]:
        """Say that a secret was changed, which the column's text does not tell."""
        own = ["secrets"] if isinstance(form, GatewayForm) and form.secrets_changed else []
        return [*super().secrets_in(form), *own]

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Delete what nothing refers to; the rest is disabled and stays in the history."""
        may = super().has_delete_permission(request, obj)
        if not may or not isinstance(obj, SmsGateway):
            return may
        # unscoped: superadmins alone come here
        users = (
            Command.objects.filter(gateway=obj),
            IncomingSms.objects.filter(gateway=obj),
            Device.objects.filter(gateway=obj),
        )
        return not any(rows.exists() for rows in users)

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for what the driver needs."""
        driver = _driver_of(request, obj)
        account = ["address", "secret"] if driver.needs_address else []
        account += [PREFIX + each.name for each in driver.settings]
        blocks: list[Any] = [
            (None, {"fields": ["platform", *(["sort"] if obj else []), "name", "enabled"]})
        ]
        if account:
            blocks.append((str(driver.title), {"fields": account}))
        limits = {
            "fields": ["per_minute", "at_once"],
            "description": _("What is more waits its turn; nothing is lost."),
        }
        blocks.append((_("Limits"), limits))
        blocks.append((_("Numbers"), {"fields": ["phone", "region"]}))
        return blocks

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Take the form of the driver."""
        kwargs["form"] = form_of(_driver_of(request, obj))
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep the driver for good: its secrets are no other's."""
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "sort"] if obj is not None else fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the driver first: the form is made of what it needs."""
        if _chosen(request) is None:
            return self._ask_for_driver(request)
        driver = _driver_of(request, None)
        context = {
            "title": _("Add an SMS gateway: %(driver)s") % {"driver": driver.title},
            **(extra_context or {}),
        }
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show above the form what the gateway can and how it does."""
        row = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"show_save_and_continue": True, **(extra_context or {})}
        if isinstance(row, SmsGateway):
            driver = DRIVERS.get(row.driver)
            inbox = getattr(row, "inbox", None)
            context["detail"] = {
                "condition": self.condition(row),
                "health": _health(row),
                "inbox": inbox,
                "polled": age(inbox.polled_at, timezone.now()) if inbox else "",
                "can": list(_abilities(driver)) if driver else [],
                "webhook": request.build_absolute_uri(inbox.webhook_path)
                if driver and driver.webhook and inbox
                else "",
            }
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Give it the address of its webhook, so that its page can tell it."""
        super().save_model(request, obj, form, change)
        if DRIVERS[obj.driver].webhook is not None:
            GatewayInbox.objects.of(obj)

    def _ask_for_driver(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = request.GET.copy()
        choices = []
        for driver in DRIVERS.values():
            asked["driver"] = driver.name
            can = ", ".join(str(text) for there, text in _abilities(driver) if there)
            choices.append(
                {
                    "title": driver.title,
                    "query": asked.urlencode(),
                    "text": can or _("For trying things out."),
                }
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add an SMS gateway: which one?"),
            "choices": choices,
        }
        return TemplateResponse(request, "admin/devices/smsgateway/drivers.html", context)


def _chosen(request: HttpRequest) -> Driver | None:
    return DRIVERS.get(request.POST.get("driver") or request.GET.get("driver") or "")


def _driver_of(request: HttpRequest, obj: models.Model | None) -> Driver:
    """Return the driver of the row, or the one that was chosen for a new row."""
    if isinstance(obj, SmsGateway) and obj.driver in DRIVERS:
        return DRIVERS[obj.driver]
    return _chosen(request) or DRIVERS["console"]


def _health(gateway: SmsGateway) -> GatewayHealth | None:
    found: GatewayHealth | None = getattr(gateway, "health", None)
    return found


def _condition(gateway: SmsGateway) -> tuple[str, str]:
    health = _health(gateway)
    inbox = getattr(gateway, "inbox", None)
    if not gateway.enabled:
        return "unknown", _("disabled")
    if health is not None and health.failing_since is not None:
        return "offline", _("takes no messages")
    if inbox is not None and inbox.failing_since is not None:
        return "partly", _("its inbox does not answer")
    if health is None or health.accepted_at is None:
        return "unknown", _("not used yet")
    return "online", _("works")


def _abilities(driver: Driver) -> list[tuple[bool, str]]:
    return [
        (driver.deduplicates, _("knows a repeated message")),
        (driver.has_ttl, _("drops what is too old")),
        (driver.has_status, _("tells what became of a message")),
        (driver.has_inbox, _("can be asked for answers")),
        (driver.webhook is not None, _("tells answers by itself")),
    ]
