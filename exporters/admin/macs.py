"""Addresses: the list with its search, one address at a time, and removal of those chosen."""

import re
from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action

from exporters import enrolment
from exporters.forms import ExporterMacForm
from exporters.models import Exporter, ExporterMac
from platforms import audit
from platforms.admin.filters import PlatformFilter, RowFilter, several_platforms
from platforms.audit import Action, Actor
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

from . import csv_pages

_PART_OF_A_MAC = re.compile(r"[0-9A-Fa-f]{1,12}")
_MARKS = re.compile(r"[\s:.\-]")


class ExporterFilter(RowFilter):
    """Narrows a list to one exporter of the person's platforms."""

    title = gettext_lazy("exporter")
    parameter_name = "of_exporter"
    column = "exporter_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the exporters that the person may see, each with its platform if several."""
        rows = (
            Exporter.objects.for_user(person_of(request))
            .taking_macs()
            .order_by("platform__name", "name")
        )
        several = several_platforms(request)
        return [
            (str(pk), f"{platform}: {name}" if several else name)
            for pk, platform, name in rows.values_list("pk", "platform__name", "name")
        ]


@admin.register(ExporterMac)
class ExporterMacAdmin(ScopedModelAdmin):
    """Members see their platforms' addresses; administrators and managers change them."""

    form = ExporterMacForm
    search_fields = ("mac", "name")
    search_help_text = gettext_lazy("A MAC in any spelling or a part of it, or a part of the name")
    list_filter = (PlatformFilter, ExporterFilter)
    list_select_related = ("platform", "exporter")
    ordering = ("pk",)
    actions = ("withdraw_chosen",)
    actions_list = ("paste", "export_csv")
    warn_unsaved_form = True

    # -- the list -------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["mac", "name", "exporter", "ip", "outip", "player_page"]
        return [*own[:3], "platform", *own[3:]] if several_platforms(request) else own

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find a MAC however it is spelled, parts of one, and parts of names.

        A whole MAC that is there finds itself alone: names are not read for it.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        found = models.Q(name__icontains=term)
        digits = _MARKS.sub("", term)
        if len(digits) == 12 and _PART_OF_A_MAC.fullmatch(digits):
            itself = queryset.filter(mac=_pairs(digits))
            return itself if itself.exists() else queryset.filter(found), False
        if _PART_OF_A_MAC.fullmatch(digits):
            found |= models.Q(mac__contains=_pairs(digits))
        return queryset.filter(found), False

    @admin.display(description=gettext_lazy("player"))
    def player_page(self, row: ExporterMac) -> str:
        """Return a link to the player, who has the status."""
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        page = reverse("admin:exporters_player_change", args=[row.player_id])
        return format_html(link, page, _("status"))

    # -- one address ----------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep what is typed together."""
        return ((None, {"fields": ("exporter", "mac", "name", "ip", "outip")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep the address itself for good: another one is another player."""
        return ("mac",) if obj is not None else ()

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Offer exporters that know MACs; to an address that is there, those of its platform."""
        form = super().get_form(request, obj, change=change, **kwargs)
        field = form.base_fields.get("exporter")
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            exporters: Any = field.queryset
            field.queryset = exporters.taking_macs()
            if isinstance(obj, ExporterMac):
                field.queryset = field.queryset.filter(platform_id=obj.platform_id)
            for link in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{link}_related", False)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the only exporter there is."""
        own = Exporter.objects.for_user(person_of(request), Deed.FLEET)
        chosen = list(own.taking_macs().values_list("pk", flat=True)[:2])
        known = {"exporter": chosen[0]} if len(chosen) == 1 else {}
        return {**known, **super().get_changeform_initial_data(request)}

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Let enrolment write: it keeps the player, the limit, the version and the record."""
        actor = Actor.of_request(request)
        if not change:
            row = enrolment.enrol_one(obj.exporter, obj.mac, obj.name, obj.ip, obj.outip, actor)
            obj.pk, obj.player, obj.created_at = row.pk, row.player, row.created_at
            obj._state.adding = False
            return
        with transaction.atomic():
            # unscoped: the row of the form, which was reached by for_user
            row = ExporterMac.objects.select_related("exporter").get(pk=obj.pk)
            if obj.exporter_id != row.exporter_id:
                row = enrolment.move(row, obj.exporter, actor)
            enrolment.change(row, {"name": obj.name, "ip": obj.ip, "outip": obj.outip}, actor)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Withdraw it: its player retires and keeps its history."""
        enrolment.withdraw(obj.exporter, [obj.mac], Actor.of_request(request))

    # -- many addresses -------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        """Put removal by set in the place of Django's, which lists every row."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description=gettext_lazy("Remove chosen addresses"), permissions=["delete"])
    def withdraw_chosen(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Ask with counts; remove when the confirmed number is still the right one."""
        rows = self.writable(request, queryset).order_by()
        counts = Counter(rows.values_list("exporter_id", flat=True).iterator())
        number = counts.total()
        if not number:
            messages.warning(request, _("You may remove none of these addresses."))
            return None
        if request.POST.get("confirmed") != str(number):
            return self._ask(request, counts, again="confirmed" in request.POST)
        with transaction.atomic():
            # unscoped: of addresses that were reached by for_user
            for exporter in Exporter.objects.filter(pk__in=counts).order_by("platform_id", "pk"):
                macs = rows.filter(exporter=exporter).values_list("mac", flat=True)
                enrolment.withdraw(exporter, list(macs), Actor.of_request(request))
        text = ngettext(
            "%(number)s address was removed.", "%(number)s addresses were removed.", number
        )
        messages.success(request, text % {"number": number})
        return None

    def _ask(self, request: HttpRequest, counts: Counter[int], *, again: bool) -> HttpResponse:
        # unscoped: of addresses that were reached by for_user
        names = Exporter.objects.in_bulk(list(counts))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Remove addresses"),
            "number": counts.total(),
            "counts": [(names[pk], count) for pk, count in counts.most_common()],
            "again": again,
            "checkbox": ACTION_CHECKBOX_NAME,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/exporters/exportermac/withdraw.html", context)

    def has_fleet_permission(self, request: HttpRequest) -> bool:
        """Tell whether the person may add addresses anywhere."""
        return self.has_add_permission(request)

    @action(
        description=gettext_lazy("Paste MACs"),
        url_path="paste",
        icon="content_paste",
        permissions=["fleet"],
    )
    def paste(self, request: HttpRequest) -> HttpResponse:
        """Go to the paste page of the only exporter, or to the list to choose one."""
        rows = Exporter.objects.for_user(person_of(request), Deed.FLEET)
        own = list(rows.taking_macs().values_list("pk", flat=True)[:2])
        if len(own) == 1:
            return redirect("admin:exporters_exporter_paste_macs", own[0])
        text = _("Choose the exporter whose players they are, then press “Paste MACs”.")
        messages.info(
            request, text if own else _("Add an exporter first: addresses belong to one.")
        )
        return redirect("admin:exporters_exporter_changelist")

    @action(
        description=gettext_lazy("Export CSV"),
        url_path="export",
        icon="download",
        permissions=["view"],
    )
    def export_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Take the addresses that the list shows away as a file."""
        rows = self.listed(request).order_by()
        per_platform = rows.values_list("platform_id").annotate(number=models.Count("pk"))
        for platform_id, number in per_platform:
            audit.record(
                Actor.of_request(request),
                Action.EXPORTED,
                "MACs",
                platform_id=platform_id,
                after={"macs": number, "query": request.GET.urlencode()},
            )
        return csv_pages.export(rows, "macs.csv", with_exporter=True)


def _pairs(digits: str) -> str:
    """Return hexadecimal digits as they stand in a MAC: in pairs from the first."""
    digits = digits.upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
