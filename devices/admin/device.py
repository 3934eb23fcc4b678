"""Sockets: the list, and the form of one of them with its lines."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action

from devices import sockets
from devices.forms_of_devices import DeviceForm, form_of, line_fields
from devices.line_states import age, badge
from devices.models import Command, Device
from platforms import audit
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.audit import Action, Actor
from platforms.models import Platform
from platforms.roles import Deed
from platforms.scoped_fields import person_of
from platforms.scoped_forms import only_platform
from platforms.spreadsheets import download

from . import device_list
from .device_list import COLUMNS
from .device_pages import DevicePages

_MARKS = re.compile(r"[\s()+./-]")
_LEAST_DIGITS = 3  # of a phone to search for


@admin.register(Device)
class DeviceAdmin(DevicePages):
    """Members see their platforms' sockets; administrators and managers change them."""

    form = DeviceForm
    search_fields = ("name", "site__name")
    search_help_text = gettext_lazy("A part of the name, of the site or of the phone number")
    list_filter = (
        PlatformFilter,
        device_list.ModelFilter,
        device_list.SiteFilter,
        device_list.UseFilter,
        device_list.MainsFilter,
        device_list.CommissionedFilter,
        ("enabled", BooleanRadioFilter),
        ("reset_only", BooleanRadioFilter),
    )
    list_select_related = ("platform", "model", "site")
    actions_list: ClassVar[Any] = (
        {"title": "CSV", "icon": "table", "items": ("import_csv", "export_csv", "export_states")},
    )
    actions = ("command_chosen",)
    warn_unsaved_form = True

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/devices.css",)}

    # -- the list -------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show phones to who may see some; name the platform only where there are several."""
        phone = ["phone_number"] if person_of(request).may(Deed.PHONES) else []
        shown = ["name", "model", *phone, "site", "states", "players", "condition", "heard"]
        return [*shown, "platform"] if several_platforms(request) else shown

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Fetch what a page needs besides its rows, for all of them at once."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = device_list.furnish(changelist.result_list, person_of(request))
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find parts of names and sites; parts of phones where the person may see them."""
        if request.path.endswith("/autocomplete/"):
            queryset = queryset.filter(retired_at=None)  # nothing new refers to what is gone
        found, twice = super().get_search_results(request, queryset, search_term)
        digits = _MARKS.sub("", search_term)
        if len(digits) < _LEAST_DIGITS or not (digits.isascii() and digits.isdecimal()):
            return found, twice
        # 8 is how Russians dial their own country; the number is kept with its code.
        phone = models.Q(phone__contains=digits)
        if len(digits) == 11 and digits.startswith("8"):
            phone |= models.Q(phone__endswith=digits[1:])
        seen = device_list.phones_seen(person_of(request))
        if seen is not None:
            phone &= models.Q(platform__in=seen)
        return found | queryset.filter(phone), twice

    @admin.display(description=gettext_lazy("phone"))
    def phone_number(self, device: Any) -> str:
        """Return the number, of the platforms on which the person may see it."""
        return format_html('<span class="rm-mono">{}</span>', device.shown_phone or "–")

    @admin.display(description=gettext_lazy("lines"))
    def states(self, device: Any) -> SafeString:
        """Return what the socket last told of each line, and how old that is."""
        now, several = timezone.now(), len(device.shown_lines) > 1
        rows = (
            (
                f"{line.number} " if several else "",
                badge(line),
                age(line.told_at, now),
            )
            for line in device.shown_lines
        )
        text = '<div class="rm-nowrap">{}{} <span class="rm-small rm-muted">{}</span></div>'
        return format_html('<div class="rm rm-cell">{}</div>', format_html_join("", text, rows))

    @admin.display(description=gettext_lazy("players"))
    def players(self, device: Any) -> int:
        """Return how many hang on it."""
        number: int = device.players_number
        return number

    @admin.display(description=gettext_lazy("condition"))
    def condition(self, device: Any) -> SafeString:
        """Return what keeps it from being commanded, or people should know."""
        text = '<div><span class="rm-badge rm-{}">{}</span></div>'
        told = format_html_join("", text, device_list.remarks(device))
        return format_html('<div class="rm rm-cell">{}</div>', told)

    @admin.display(description=gettext_lazy("last heard of"), ordering="heard_at")
    def heard(self, device: Device) -> SafeString | str:
        """Return how long ago any message came from it."""
        return age(device.heard_at, timezone.now()) or _("never")

    @action(
        description=gettext_lazy("Export the list"),
        url_path="export-list",
        icon="table_view",
        permissions=["view"],
    )
    def export_states(self, request: HttpRequest) -> HttpResponseBase:
        """Take what the list shows away as a file, states among it; the other export is for import.

        Phones are in it where the person may see them.
        """
        rows = self.listed(request)
        counted = rows.order_by().values_list("platform_id").annotate(number=models.Count("pk"))
        for platform_id, number in counted:
            audit.record(
                Actor.of_request(request),
                Action.EXPORTED,
                "sockets",
                platform_id=platform_id,
                after={"sockets": number},
            )
        return download("sockets-list.csv", COLUMNS, device_list.table(rows, person_of(request)))

    # -- one socket -----------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Leave what was taken out of use as it was."""
        retired = isinstance(obj, Device) and obj.retired_at is not None
        return not retired and super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for what is written on the socket, then line by line for what hangs on it."""
        person = person_of(request)
        own = person.reaches_every_platform(Deed.OWN)
        may = self.has_change_permission(request, obj) if obj else True
        sees = person.may(Deed.PHONES, obj.platform_id if isinstance(obj, Device) else None)
        about = ["platform", "name", "model", *(["phone"] if sees else []), "site"]
        about += ["gateway"] if own else []
        first: dict[str, Any] = {"fields": [*about, "enabled", "reset_only", "notes"]}
        if obj is None:
            first["description"] = self._room(request)
        blocks: list[Any] = [(None, first)]
        if isinstance(obj, Device) and may:
            for each in line_fields(obj):
                title = _("Line %(number)s") % {"number": each.line.number}
                blocks.append((title, {"fields": [each.name, each.players]}))
            blocks.append((_("People"), {"fields": ["people"]}))
        return self.without_given_platform(request, obj, blocks)

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Offer models of the catalogue and, of a socket that exists, its own platform's rows."""
        if isinstance(obj, Device) and self.has_change_permission(request, obj):
            address = f"{self.page_of(obj).removesuffix('change/')}players/"
            kwargs["form"] = form_of(obj, person_of(request), address)
        form = super().get_form(request, obj, change=change, **kwargs)
        for name in ("model", "site", "gateway"):
            field: Any = form.base_fields.get(name)
            if field is None:
                continue
            for link in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{link}_related", False)
            if name == "model":
                of_row = models.Q(pk=obj.model_id) if isinstance(obj, Device) else models.Q()
                field.queryset = field.queryset.filter(models.Q(withdrawn_at=None) | of_row)
            elif isinstance(obj, Device) and name == "site":
                field.queryset = field.queryset.filter(platform_id=obj.platform_id)
            elif isinstance(obj, Device):
                field.queryset = field.queryset.usable_on(obj.platform_id)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Say so when somebody took the room or the phone while this was being typed."""
        context = {
            "show_save_and_add_another": object_id is None,
            "show_save_and_continue": True,
            **(extra_context or {}),
        }
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except sockets.Refused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Let the stage write: it keeps the limit, the phone, the lines and the record."""
        assert isinstance(form, DeviceForm)  # noqa: S101 (the form of this admin)
        actor = Actor.of_request(request)
        if not change:
            sockets.register(obj, actor, form.region())
            return
        sockets.change(obj, actor, form.region())
        if {"phone", "model"} & set(form.changed_data):
            self._tell_of_open_commands(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Hang players, name lines, assign people: each is a line of the record."""
        super().save_related(request, form, formsets, change)
        if not isinstance(form, DeviceForm):
            return
        actor = Actor.of_request(request)
        changes = list(form.hung())
        for _line, _new, gone in changes:
            for player in gone:
                sockets.unbind(player, actor)
        for line, new, _gone in changes:
            for player in new:
                sockets.bind(player, line, actor)
        for line, name in form.renamed():
            sockets.rename(line, name, actor)
        given, taken = form.people_changed() if change else ([], [])
        for user in given:
            sockets.assign(user, form.instance, actor)
        for user in taken:
            sockets.unassign(user, form.instance, actor)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to what a new socket needs first: players on its lines."""
        if {"_addanother", "_popup"} & request.POST.keys():
            answer: HttpResponse = super().response_add(request, obj, post_url_continue)
            return answer
        text = _("%(socket)s was added. Now choose the players that hang on it.")
        messages.success(request, text % {"socket": obj})
        return self.back_to(obj)

    def _tell_of_open_commands(self, request: HttpRequest, device: Device) -> None:
        # unscoped: of a socket that was reached by for_user
        number = Command.objects.open().filter(device=device).count()
        if number:
            text = ngettext(
                "%(number)s command is still open. It was given for the old phone or model and "
                "will not be sent.",
                "%(number)s commands are still open. They were given for the old phone or model "
                "and will not be sent.",
                number,
            )
            messages.warning(request, text % {"number": number})

    def _room(self, request: HttpRequest) -> str:
        """Say how many sockets there are of how many."""
        only = only_platform(Device, person_of(request), self.write_deed)
        if not isinstance(only, Platform) or only.sockets_limit is None:
            return ""
        numbers = {"used": sockets.in_use(only), "limit": only.sockets_limit}
        return _("This platform uses %(used)s of its %(limit)s sockets.") % numbers
