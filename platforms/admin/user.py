"""Accounts: superadmins open them, switch them off and set passwords; nobody else sees them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.forms import AdminPasswordChangeForm

from platforms import audit
from platforms.audit import Action, Actor
from platforms.forms_of_accounts import (
    AccountCreationForm,
    AccountForm,
    platforms_of_last_admin,
)
from platforms.models import Membership, User
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_inlines import ScopedTabularInline


class MembershipInline(ScopedTabularInline):
    """Where the person belongs; changed on the pages of members."""

    model = Membership
    fields = ("where", "role", "created_at")
    readonly_fields = fields
    verbose_name_plural = _("Memberships")
    hide_title = True
    extra = 0

    @admin.display(description=_("platform"))
    def where(self, membership: Membership) -> str:
        """Return the platform, as a link to the membership."""
        page = reverse("admin:platforms_membership_change", args=[membership.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', page, membership.platform)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Leave that to the page that knows about last administrators."""
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission


@admin.register(User)
class UserAdmin(ScopedModelAdmin, DjangoUserAdmin):  # type: ignore[type-arg,misc]
    """An account is switched off, never deleted: what it did stays readable."""

    see_deed: ClassVar[Deed] = Deed.OWN
    write_deed: ClassVar[Deed] = Deed.OWN
    may_delete = False
    form = AccountForm
    add_form = AccountCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("email", "full_name", "is_superuser", "is_active", "last_login", "date_joined")
    list_filter = (("is_superuser", BooleanRadioFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("email", "full_name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password")}),
        (_("Rights"), {"fields": ("is_superuser", "is_active")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "full_name", "usable_password", "password1", "password2")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for a confirmation where platforms would be left without an administrator."""
        sets = super().get_fieldsets(request, obj)
        if not isinstance(obj, User) or not platforms_of_last_admin(obj):
            return sets
        asked = ("leave_without_admin",)
        return [
            (title, {**options, "fields": (*options["fields"], *asked)})
            if "is_active" in options["fields"]
            else (title, options)
            for title, options in sets
        ]

    def get_inlines(self, request: HttpRequest, obj: models.Model | None) -> Any:
        """A new account belongs nowhere yet."""
        return self.inlines if obj is not None else ()

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """Set a password, with a line that says whose and nothing more."""
        with transaction.atomic():
            answer: HttpResponse = super().user_change_password(request, id, form_url)
            if request.method == "POST" and answer.status_code == 302:
                account = self.get_object(request, id)
                assert account is not None  # noqa: S101 (it was changed a moment ago)
                actor = Actor.of_request(request)
                audit.record(actor, Action.PASSWORD_CHANGED, account, platform_id=None)
        return answer
