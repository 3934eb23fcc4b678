"""The only base of admin classes: everything a page reads, offers or writes is scoped.

It knows no model's own columns. A class states its deeds; this base turns them into permissions,
choices, 404s and audit lines.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db import models, transaction
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from . import audit
from .audit import Action, Actor
from .pages_of_rows import RowsPaginator
from .roles import Deed
from .scoped_fields import ScopedFields, person_of, platform_id_of
from .scoped_forms import ScopedModelForm, only_platform

LONGEST_SEARCH = 200  # characters
# Columns that no list answers about: secrets, and what phone numbers stand in.
HIDDEN = frozenset(
    {"digest", "password", "secret", "secret_context", "secret_text", "secrets"}
    | {"after", "before", "parameters", "phone", "sender", "text"}
)


class ScopedModelAdmin(ScopedFields, ModelAdmin):
    """Admin of one model within the platforms of the person."""

    see_deed: ClassVar[Deed] = Deed.SEE
    may_add: ClassVar[bool] = True
    may_change: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True

    form = ScopedModelForm
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    paginator = RowsPaginator
    view_on_site = False
    actions_on_bottom = False
    compressed_fields = True

    # -- what exists for this person ------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows of the platforms where the person may see this model."""
        rows: Any = super().get_queryset(request)
        scoped: models.QuerySet[Any] = rows.for_user(person_of(request), self.see_deed)
        return scoped

    def listed(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows that the list shows with its filters; 400 for filters of no meaning."""
        try:
            rows: models.QuerySet[Any] = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise BadRequest(str(error)) from error
        return rows

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer 404 for what is not there or not reachable; the two look the same."""
        raise Http404

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Search for the beginning of a long text: each word is a condition, SQLite takes 1,000."""
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(
            request, queryset, search_term[:LONGEST_SEARCH]
        )
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let nobody guess at a hash, a secret or a phone number sign by sign."""
        allowed: bool = super().lookup_allowed(lookup, value, request)
        return allowed and HIDDEN.isdisjoint(lookup.split(LOOKUP_SEP))

    # -- permissions: the role is the permission ------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model to whoever may see it on any platform."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the see deed, on the row's platform where there is a row."""
        return person_of(request).may(self.see_deed, platform_id_of(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the write deed on any platform."""
        return self.may_add and person_of(request).may(self.write_deed)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the write deed, on the row's platform where there is a row."""
        return self.may_change and person_of(request).may(self.write_deed, platform_id_of(obj))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the write deed, on the row's platform where there is a row."""
        return self.may_delete and person_of(request).may(self.write_deed, platform_id_of(obj))

    def writable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those of the chosen rows on which the person may do the write deed."""
        chosen: Any = rows
        kept: models.QuerySet[Any] = chosen.for_user(person_of(request), self.write_deed)
        return kept

    # -- forms ----------------------------------------------------------------------------------

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Give the form the person whose single platform it fills in."""
        base = super().get_form(request, obj, change=change, **kwargs)
        return type(
            base.__name__, (base,), {"person": person_of(request), "write_deed": self.write_deed}
        )

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Do not ask for the platform where the form fills it in."""
        return self.without_given_platform(request, obj, super().get_fieldsets(request, obj))

    def without_given_platform(
        self, request: HttpRequest, obj: models.Model | None, blocks: Any
    ) -> Any:
        """Return the blocks of fields less the platform, where the person has no choice."""
        if obj is not None or not only_platform(self.model, person_of(request), self.write_deed):
            return blocks
        return [
            (title, {**block, "fields": [name for name in block["fields"] if name != "platform"]})
            for title, block in blocks
        ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> Sequence[str]:
        """Never let a row move to another platform."""
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and any(field.name == "platform" for field in obj._meta.fields):
            fields.append("platform")
        return fields

    # -- writes are audited ---------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Save the row and write what changed into the audit record, in one transaction."""
        with transaction.atomic():
            old = type(obj)._base_manager.filter(pk=obj.pk).first() if change else None
            before = audit.snapshot(old) if old is not None else {}
            super().save_model(request, obj, form, change)
            was, now = audit.difference(before, audit.snapshot(obj), self.secrets_in(form))
            if was or now:
                audit.record(
                    Actor.of_request(request),
                    Action.CHANGED if change else Action.CREATED,
                    obj,
                    platform_id=self.recorded_on(obj),
                    before=was if change else None,
                    after=now,
                )

    def recorded_on(self, obj: models.Model) -> int | None:
        """Return the platform whose members read in the audit what became of a row."""
        return platform_id_of(obj)

    def secrets_in(self, form: forms.ModelForm[Any]) -> list[str]:
        """Return the names of secret fields that the form changed: said, never shown."""
        return [
            field.attname
            for field in self.model._meta.concrete_fields
            if getattr(field, "audit_hidden", False) and field.name in form.changed_data
        ]

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete one row, with an audit line that keeps what it was."""
        with transaction.atomic():
            audit.record(
                Actor.of_request(request),
                Action.DELETED,
                obj,
                platform_id=self.recorded_on(obj),
                before=audit.snapshot(obj),
            )
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Delete the chosen rows one by one, so that each has its audit line."""
        with transaction.atomic():
            for obj in self.writable(request, queryset):
                self.delete_model(request, obj)

    # -- history is the audit record, not Django's own log --------------------------------------

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Keep nothing twice: the audit record has it."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Keep nothing twice: the audit record has it."""

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Keep nothing twice: the audit record has it."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the audit lines of a row that the person can see."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            raise Http404
        page = reverse("admin:platforms_auditentry_changelist")
        return redirect(f"{page}?target_type={obj._meta.label_lower}&target_id={obj.pk}")


class ReadOnlyAdmin(ScopedModelAdmin):
    """Rows that pages show and never change: records and logs."""

    may_add = False
    may_change = False
    may_delete = False
