"""The audit record: read, searched, exported, never changed."""

import json
from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import AuditEntry, Platform
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of
from platforms.scoping import OUR_APPS
from platforms.spreadsheets import download

from .audit_names import Names, names_in
from .filters import PlatformFilter, SpanFilter, several_platforms

COLOURS = {
    Action.CREATED: "success",
    Action.ADDED_MANY: "success",
    Action.CHANGED: "info",
    Action.DELETED: "danger",
    Action.REMOVED_MANY: "danger",
    Action.REVOKED: "warning",
    Action.REFUSED: "warning",
    Action.LOGIN_FAILED: "warning",
}
LABELS = {action: COLOURS.get(action, "") for action in Action}
#: What the callers of audit.record() name where it is no row.
PAGES = {
    "SMS usage": gettext_lazy("SMS usage"),
    "MACs": gettext_lazy("MAC addresses"),
    "audit log": gettext_lazy("audit log"),
    "devices": gettext_lazy("devices"),
    "login": gettext_lazy("login page"),
    "logout": gettext_lazy("logout"),
    "password reset": gettext_lazy("password reset"),
}
#: By way of what an Actor says that it acts.
WAYS = {
    "admin": gettext_lazy("pages"),
    "api": gettext_lazy("API, signed in"),
    "command": gettext_lazy("command line"),
    "invitation": gettext_lazy("invitation"),
    "reset": gettext_lazy("link of a mail"),
    "system": gettext_lazy("by itself"),
    "token": gettext_lazy("API token"),
}


def kind_name(label: str) -> str:
    """Return what people call a model such as ``platforms.site``."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


def field_name(label: str, name: str) -> str:
    """Return what people call a field of a model."""
    try:
        return str(apps.get_model(label)._meta.get_field(name.removesuffix("_id")).verbose_name)
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        return name


class KindFilter(DropdownFilter):
    """Narrows the record to one kind of object."""

    title = gettext_lazy("kind of object")
    parameter_name = "target_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every kind that the record can speak of."""
        ours = [model._meta for model in apps.get_models() if model._meta.app_label in OUR_APPS]
        return sorted(((m.label_lower, str(m.verbose_name)) for m in ours), key=lambda m: m[1])

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the lines about that kind."""
        return queryset.filter(target_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Lines of one's platforms; those of the installation itself are for superadmins."""

    search_fields = ("actor", "target", "target_id", "address")
    list_filter = (
        ("action", ChoicesDropdownFilter),
        KindFilter,
        PlatformFilter,
        ("at", SpanFilter),
    )
    list_filter_submit = True
    list_select_related = ("platform",)
    list_display_links = ("when",)
    ordering = ("-pk",)
    actions_list = ("export",)
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["when", "actor", "what", "kind", "about", "address"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Show one act as a whole."""
        who = ("when", "actor", "way", "address", "action")
        return (*who, "kind", "about", "target_id", "platform", "changes")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Offer no history of history."""
        context = {"show_history": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditEntry | None:
        """Bring the names of what the line speaks of by numbers."""
        entry: AuditEntry | None = super().get_object(request, object_id, from_field)
        if entry is not None:
            if not person_of(request).may(Deed.PHONES, entry.platform_id):
                entry.before = audit.without_phones(entry.before)
                entry.after = audit.without_phones(entry.after)
            entry.names = names_in(entry, person_of(request))
        return entry

    @admin.display(description=gettext_lazy("when"), ordering="pk")
    def when(self, entry: AuditEntry) -> str:
        """Return the moment to the second."""
        at = localtime(entry.at)
        return f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M:%S}"

    @display(description=gettext_lazy("what"), label=LABELS)
    def what(self, entry: AuditEntry) -> tuple[str, str]:
        """Return the act as a coloured label."""
        return entry.action, entry.get_action_display()

    @admin.display(description=gettext_lazy("kind of object"))
    def kind(self, entry: AuditEntry) -> str | None:
        """Return what people call the kind."""
        return kind_name(entry.target_type) if entry.target_type else None

    @admin.display(description=gettext_lazy("object"), ordering="target")
    def about(self, entry: AuditEntry) -> str:
        """Return the name of the row, or what people call the page."""
        return entry.target if entry.target_type else str(PAGES.get(entry.target, entry.target))

    @admin.display(description=gettext_lazy("by way of"), ordering="via")
    def way(self, entry: AuditEntry) -> str:
        """Return what people call the door."""
        return str(WAYS.get(entry.via, entry.via))

    @admin.display(description=gettext_lazy("changes"))
    def changes(self, entry: AuditEntry) -> SafeString:
        """Return before and after, value by value."""
        names = [*entry.after, *(name for name in entry.before if name not in entry.after)]
        if not names:
            return format_html("{}", _("No values were recorded."))
        rows = format_html_join(
            "",
            '<tr class="border-t border-base-200 dark:border-base-800">'
            '<th class="font-normal px-3 py-2 text-left align-top">{}</th>'
            '<td class="px-3 py-2 align-top break-all">{}</td>'
            '<td class="px-3 py-2 align-top break-all">{}</td></tr>',
            (
                (
                    field_name(entry.target_type, name),
                    _shown(entry.before, name, entry.names),
                    _shown(entry.after, name, entry.names),
                )
                for name in names
            ),
        )
        return format_html(
            '<table class="border border-base-200 rounded-default text-sm w-full '
            'dark:border-base-800"><thead><tr><th class="px-3 py-2 text-left">{}</th>'
            '<th class="px-3 py-2 text-left">{}</th><th class="px-3 py-2 text-left">{}</th>'
            "</tr></thead><tbody>{}</tbody></table>",
            _("Value"),
            _("Before"),
            _("After"),
            rows,
        )

    @action(description=gettext_lazy("Export as CSV"), icon="download", permissions=["view"])
    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Stream the lines that the list shows with its filters; the export is a line itself."""
        rows = self.listed(request)
        audit.record(
            Actor.of_request(request),
            Action.EXPORTED,
            "audit log",
            platform_id=only.pk if (only := _only_platform(request)) else None,
            after={"filters": request.GET.urlencode()[:500]},
        )
        names = ("at", "actor", "actor_id", "via", "address", "action", "target_type",
                 "target_id", "target", "platform_id", "before", "after")  # fmt: skip
        values = rows.values_list(*names).iterator(chunk_size=2000)
        seen = _phones_seen(request)
        return download("audit.csv", names, (_texts(row, seen) for row in values))


def _phones_seen(request: HttpRequest) -> Collection[int] | None:
    """Return on which platforms the person sees phone numbers; None: everywhere."""
    person = person_of(request)
    if person.reaches_every_platform(Deed.PHONES):
        return None
    return {number for row in person.platform_ids(Deed.PHONES) for number in row.values()}


def _only_platform(request: HttpRequest) -> Platform | None:
    """Return the platform whose members shall see the export: the person's, when there is one."""
    platforms = list(Platform.objects.for_user(person_of(request))[:2])
    return platforms[0] if len(platforms) == 1 else None


def _shown(values: dict[str, Any], name: str, names: Names) -> str:
    if name not in values:
        return ""
    value = values[name]
    if isinstance(value, int) and (name, value) in names:
        return f"{names[name, value]} ({value})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(row: tuple[Any, ...], phones_seen: Collection[int] | None) -> list[Any]:
    """Write the moment in ISO form and the JSON columns as JSON."""
    at, *facts, platform_id, before, after = row
    if phones_seen is not None and platform_id not in phones_seen:
        before, after = audit.without_phones(before), audit.without_phones(after)
    facts.append(platform_id)
    return [
        at.isoformat(),
        *facts,
        json.dumps(before, ensure_ascii=False),
        json.dumps(after, ensure_ascii=False),
    ]
