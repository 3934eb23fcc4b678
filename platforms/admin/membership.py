"""Who belongs to a platform: administrators change and remove whoever stands below them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from platforms import registry
from platforms.audit import Actor
from platforms.forms_of_members import MembershipForm, is_last_admin
from platforms.models import Membership
from platforms.roles import Deed, Role
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

from .filters import PlatformFilter, several_platforms

# Every role: unfold shows the bare value of one without a colour.
COLOURS = {role: {Role.ADMIN: "primary", Role.MANAGER: "info"}.get(role, "") for role in Role}


@admin.register(Membership)
class MembershipAdmin(ScopedModelAdmin):
    """An administrator touches neither equals nor himself; new people come by invitation."""

    see_deed: ClassVar[Deed] = Deed.MEMBERS
    write_deed: ClassVar[Deed] = Deed.MEMBERS
    form = MembershipForm
    search_fields = ("user__email", "user__full_name")
    list_filter = (("role", ChoicesDropdownFilter), PlatformFilter)
    list_select_related = ("user", "platform")
    delete_confirmation_template = "platforms/membership_delete.html"
    # Removing several at once could take the last administrators without a word.
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["email", "full_name", "shown_role", "created_at"]
        return [*own, "platform"] if several_platforms(request) else own

    @display(description=gettext_lazy("e-mail"), ordering="user__email")
    def email(self, membership: Membership) -> str:
        """Return the login."""
        return membership.user.email

    @display(description=pgettext_lazy("of a person", "name"), ordering="user__full_name")
    def full_name(self, membership: Membership) -> str:
        """Return the person's name."""
        return membership.user.full_name

    @display(description=gettext_lazy("role"), ordering="role", label=COLOURS)
    def shown_role(self, membership: Membership) -> tuple[str, str]:
        """Return the role as a coloured label."""
        return membership.role, membership.get_role_display()

    # -- whom one may touch ---------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let superadmins add people without asking them; the others invite."""
        return person_of(request).reaches_every_platform(Deed.OWN)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask that the row's role stands below one's own."""
        return super().has_change_permission(request, obj) and self._below(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask that the row's role stands below one's own."""
        return super().has_delete_permission(request, obj) and self._below(request, obj)

    def _below(self, request: HttpRequest, obj: models.Model | None) -> bool:
        if not isinstance(obj, Membership):
            return True
        person = person_of(request)
        return obj.role in person.roles_to_give(obj.platform_id)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Take back what the member was given: who comes again comes with nothing."""
        with transaction.atomic():
            if isinstance(obj, Membership):
                for take_back in registry.leaving.values():
                    take_back(obj, Actor.of_request(request))
            super().delete_model(request, obj)

    # -- the form -------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for a confirmation where the platform would be left without an administrator."""
        fields = ["user" if obj is None else "email", "platform", "role"]
        if self._is_last_admin(obj) and self.has_change_permission(request, obj):
            fields.append("leave_without_admin")
        return fields

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Never let a membership move to another person."""
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "email"] if obj is not None else fields

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> Any:
        """Say before the deletion that the platform will have no administrator."""
        if self._is_last_admin(context.get("object")):
            context["warning"] = _(
                "This is the last administrator: the platform will have none, "
                "until a superadmin names one."
            )
        return super().render_delete_form(request, context)

    def _is_last_admin(self, obj: Any) -> bool:
        return isinstance(obj, Membership) and is_last_admin(obj)
