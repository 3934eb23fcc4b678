"""Exporters: the list, and the form, which asks for what the kind of exporter needs."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _, ngettext
from django_stubs_ext import StrOrPromise
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from exporters import enrolment
from exporters.account_settings import is_secret, titled
from exporters.forms_of_exporters import PREFIX, ExporterForm, form_of, stored_of
from exporters.kinds import KINDS, Kind
from exporters.models import Exporter, Player
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.audit import Actor
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .condition_pages import ConditionPages

DEFAULTS = {"poll_interval": 30, "timeout": 10, "max_concurrency": 50}


@admin.register(Exporter)
class ExporterAdmin(ConditionPages):
    """Members see their platforms' exporters; administrators and managers change them."""

    search_fields = ("name",)
    list_filter = (
        PlatformFilter,
        ("kind", ChoicesDropdownFilter),
        ("enabled", BooleanRadioFilter),
    )
    list_select_related = ("platform",)
    warn_unsaved_form = True
    form = ExporterForm

    # -- the list and the form ------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count the players of the page's exporters in one query.

        A subquery for each row makes PostgreSQL read the table once a row where one exporter has
        most of the players.
        """
        changelist = super().get_changelist_instance(request)
        rows: list[Any] = list(changelist.result_list)
        # unscoped: of exporters that were reached by for_user
        players = Player.objects.enrolled().filter(exporter__in=[row.pk for row in rows])
        counted = players.order_by().values_list("exporter").annotate(number=models.Count("pk"))
        numbers = dict(counted)
        for row in rows:
            row.players_number = numbers.get(row.pk, 0)
        changelist.result_list = rows
        return changelist

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["name", "kind", "health", "enabled", "watched", "interval"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for what the kind needs; say how many players there are, of an exporter that is."""
        kind = _kind_of(request, obj)
        about = ["platform", "kind", "name", "enabled"] if obj else ["platform", "name", "enabled"]
        polling = {
            "fields": tuple(DEFAULTS),
            "description": _("What the environment of the exporter process sets, wins."),
        }
        blocks: list[Any] = [(None, {"fields": [*about, *(["watched"] if obj else [])]})]
        if kind.settings:
            typed = [PREFIX + each.name for each in kind.settings]
            may = self.has_change_permission(request, obj) if obj else True
            hint = {} if person_of(request).may(Deed.OWN) else _hint(kind)
            blocks.append(
                (kind.title, {"fields": typed, **hint} if may else {"fields": ["account"]})
            )
        blocks.append((_("Polling"), polling))
        return self.without_given_platform(request, obj, blocks)

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[ModelForm[Any]]:
        """Take the form of the kind; who may only look gets no field of it."""
        kind = _kind_of(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, form=form_of(kind), **kwargs)
        looked_at = type("KindForm", (ExporterForm,), {"shape": kind})
        return super().get_form(request, obj, change, form=looked_at, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the kind first: the form is made of what the kind needs."""
        if _chosen_kind(request) is None:
            return self._ask_for_kind(request)
        title = _("Add an exporter: %(kind)s") % {"kind": _kind_of(request, None).title}
        context = {"title": title, **(extra_context or {})}
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    def _ask_for_kind(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = request.GET.copy()
        choices = []
        for kind in KINDS.values():
            asked["kind"] = kind.name
            choices.append({"title": kind.title, "query": asked.urlencode(), "text": _about(kind)})
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add an exporter: which vendor?"),
            "choices": choices,
        }
        return TemplateResponse(request, "admin/exporters/exporter/kinds.html", context)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep the kind of an exporter for good: its players mean nothing to another vendor."""
        fields = [*super().get_readonly_fields(request, obj), "watched", "account"]
        return [*fields, "kind"] if obj is not None else fields

    def get_actions(self, request: HttpRequest) -> Any:
        """Delete exporters one by one, each on its own page: a whole fleet hangs on them."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description=_("players"))
    def watched(self, exporter: Exporter) -> str:
        """Return the number of players, as a link to their addresses or to themselves."""
        number: int | None = getattr(exporter, "players_number", None)
        if number is None:
            # unscoped: of an exporter that was reached by for_user
            number = Player.objects.enrolled().filter(exporter=exporter).count()
        if exporter.discovers:
            page = reverse("admin:exporters_player_changelist") + "?exporter="
        else:
            page = reverse("admin:exporters_exportermac_changelist") + "?of_exporter="
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}{}">{}</a>'
        return format_html(link, page, exporter.pk, number)

    @admin.display(description=_("settings"))
    def account(self, exporter: Exporter) -> SafeString:
        """Write the settings for who may not change them; of secrets whether they are set."""
        stored = stored_of(exporter)
        lines = []
        for each in exporter.shape.settings:
            if is_secret(each):
                there = stored.secrets is None or each.name in stored.secrets
                value: object = _("set") if there else _("not set")
            else:
                value = stored.settings.get(each.name, "–")
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append((titled(each.title), shown))
        return format_html_join("", "<div>{}: <bdi>{}</bdi></div>", lines)

    @admin.display(description=_("poll interval, s"), ordering="poll_interval")
    def interval(self, exporter: Exporter) -> str:
        """Return the interval; the default of the process where none is set."""
        if exporter.poll_interval is not None:
            return str(exporter.poll_interval)
        return _("%(seconds)s (default)") % {"seconds": DEFAULTS["poll_interval"]}

    # -- writes ---------------------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Take the next list version with the change, so that exporter processes notice it."""
        with transaction.atomic():
            if change:
                obj.take_version()
            super().save_model(request, obj, form, change)

    def secrets_in(self, form: ModelForm[Any]) -> list[str]:
        """Say that a secret was changed, which the column's text does not tell."""
        return ["secrets"] if isinstance(form, ExporterForm) and form.secrets_changed else []

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to what a new exporter needs first: addresses."""
        if {"_addanother", "_continue", "_popup"} & request.POST.keys():
            answer: HttpResponse = super().response_add(request, obj, post_url_continue)
            return answer
        if obj.discovers:
            text = _("%(exporter)s was added. Its players appear as soon as the vendor lists them.")
            messages.success(request, text % {"exporter": obj})
            return self.back_to(obj)
        text = _("%(exporter)s was added. Now paste the MAC addresses of its players.")
        messages.success(request, text % {"exporter": obj})
        return redirect("admin:exporters_exporter_paste_macs", obj.pk)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask with counts, not with a line for each address; then delete set by set."""
        exporter = self.row_or_404(request, object_id)
        if not self.has_delete_permission(request, exporter):
            raise PermissionDenied
        if request.method == "POST":
            enrolment.discard(exporter, Actor.of_request(request))
            messages.success(request, _("%(exporter)s was deleted.") % {"exporter": exporter})
            return redirect("admin:exporters_exporter_changelist")
        return self.ask(
            request,
            exporter,
            title=str(_("Delete %(exporter)s?") % {"exporter": exporter}),
            text=_what_goes(exporter),
            button=str(_("Delete")),
            danger=True,
        )


def _chosen_kind(request: HttpRequest) -> Kind | None:
    return KINDS.get(request.POST.get("kind") or request.GET.get("kind") or "")


def _kind_of(request: HttpRequest, obj: models.Model | None) -> Kind:
    """Return the kind of the row, or the one that was chosen for a new row."""
    if isinstance(obj, Exporter):
        return obj.shape
    return _chosen_kind(request) or next(iter(KINDS.values()))


def _hint(kind: Kind) -> dict[str, StrOrPromise]:
    if not any(each.guarded for each in kind.settings):
        return {}
    return {"description": _("Superadmins alone change what is grey: it says where requests go.")}


def _about(kind: Kind) -> StrOrPromise:
    if not kind.address_variable:
        return _("Any vendor that answers in JSON: a superadmin enters where, you enter what.")
    if kind.discovers({}):
        return _("The vendor lists its devices: players appear by themselves.")
    return _("The vendor is asked for each player: paste their MAC addresses.")


def _what_goes(exporter: Exporter) -> str:
    # unscoped: of an exporter that was reached by for_user
    number = Player.objects.filter(exporter=exporter).count()
    text = ngettext(
        "The exporter and %(number)s player with its address and history will be deleted.",
        "The exporter and %(number)s players with their addresses and history will be deleted.",
        number,
    ) % {"number": number}
    return f"{text} {_('To stop polling and keep them, switch the exporter off instead.')}"
