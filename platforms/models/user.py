"""People. The login is the e-mail address; the role on a platform is the only permission."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from platforms.roles import Deed, Role, roles_below, roles_that_may
from platforms.scoping import GlobalQuerySet, Tenancy

if TYPE_CHECKING:
    from .token import ApiToken


class UserManager(BaseUserManager.from_queryset(GlobalQuerySet)):  # type: ignore[misc]
    """Creates accounts with the address in one spelling."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account; without a password it can only enter by a reset link."""
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superadmin."""
        return self.create_user(email, password, **{**fields, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find an account by its address, in small letters or not.

        Not by iexact: PostgreSQL compares capitals, and those of other letters can be the same.
        """
        user: User = self.get(email=(username or "").strip().lower())
        return user


class User(AbstractBaseUser):
    """An account. What it may do follows from its memberships, never from a permission table."""

    tenancy: ClassVar[Tenancy] = Tenancy.GLOBAL

    email = models.EmailField(_("e-mail"), max_length=254)
    full_name = models.CharField(pgettext_lazy("of a person", "name"), max_length=120, blank=True)
    is_superuser = models.BooleanField(
        _("superadmin"), default=False, help_text=_("Owns the installation and every platform.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch off instead of deleting an account.")
    )
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    #: The API token of the request, where one was used: it can only narrow the person's rights.
    token: "ApiToken | None" = None
    #: Role by platform, where remember_roles() was called.
    roles: dict[int, Role] | None = None

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="account_email_once",
                violation_error_message=_("There is already an account with this address."),
            ),
        )

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """Return the name that pages show."""
        return self.full_name or self.email

    def get_short_name(self) -> str:
        """Return the short name that the admin greets with."""
        return self.full_name or self.email

    @property
    def is_staff(self) -> bool:
        """Tell whether the account may enter the admin: a superadmin or a member of anything."""
        return self.is_superuser or self.may(Deed.SEE)

    def remember_roles(self) -> None:
        """Read the roles once for the rest of a request: its page asks for them fifty times."""
        from .membership import Membership

        if self.roles is None:
            mine = Membership.objects.filter(user=self, platform__active=True).order_by()
            self.roles = {
                platform_id: Role(role)
                for platform_id, role in mine.values_list("platform_id", "role")
            }

    def known_platform_ids(self, deed: Deed) -> list[int] | None:
        """Return where the deed is allowed if remembered roles tell it, None if they do not."""
        if self.roles is None or self.token is not None or self.is_superuser:
            return None
        held = roles_that_may(deed) if self.is_active else ()
        return [number for number, role in self.roles.items() if role in held]

    def reaches_every_platform(self, deed: Deed) -> bool:
        """Tell whether the deed is allowed on all platforms; a token can take that away."""
        if not (self.is_active and self.is_superuser):
            return False
        return self.token is None or (self.token.platform_id is None and self.token.allows(deed))

    def platform_ids(self, deed: Deed) -> models.QuerySet[Any, Any]:
        """Return a sub-query of the ids of the platforms on which the deed is allowed."""
        from .membership import Membership
        from .platform import Platform

        if not self.is_active or (self.token is not None and not self.token.allows(deed)):
            # Of the same shape as below: may() filters it by the same name.
            nothing: models.QuerySet[Any] = (
                Platform.objects.none() if self.is_superuser else Membership.objects.none()
            )
            return nothing.values("pk" if self.is_superuser else "platform_id")
        ids: models.QuerySet[Any, Any]
        if self.is_superuser:
            ids = Platform.objects.values("pk")
            name = "pk"
        else:
            ids = Membership.objects.filter(
                user=self, role__in=roles_that_may(deed), platform__active=True
            ).values("platform_id")
            name = "platform_id"
        if self.token is not None and self.token.platform_id is not None:
            return ids.filter(**{name: self.token.platform_id})
        return ids

    def may(self, deed: Deed, platform_id: int | None = None) -> bool:
        """Tell whether the deed is allowed on that platform, or with None on any at all."""
        if self.reaches_every_platform(deed):
            return True
        if self.roles is not None and self.token is None and self.is_active:
            held = self.roles.values() if platform_id is None else [self.roles.get(platform_id)]
            return any(role in roles_that_may(deed) for role in held)
        ids = self.platform_ids(deed)
        if platform_id is None:
            return ids.exists()
        return ids.filter(**{"pk" if self.is_superuser else "platform_id": platform_id}).exists()

    def roles_to_give(self, platform_id: int) -> list[Role]:
        """Return the roles that this person may give and take away on that platform."""
        from .membership import Membership

        if self.reaches_every_platform(Deed.MEMBERS):
            return list(Role)
        own = Membership.objects.filter(
            user=self,
            platform_id=platform_id,
            platform__active=True,
            role__in=roles_that_may(Deed.MEMBERS),
        ).first()
        return roles_below(Role(own.role)) if own else []

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Answer packages that ask for Django permissions: superadmins alone have them."""
        return self.is_active and self.is_superuser

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Answer for several permissions at once."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Answer packages that ask for a whole application."""
        return self.has_perm(app_label)


# The audit record says that a password was set, and never what its hash is.
User._meta.get_field("password").audit_hidden = True  # type: ignore[attr-defined]
