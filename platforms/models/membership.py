"""Who belongs to which platform, and who was asked to join."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from platforms.roles import Role
from platforms.scoping import ScopedQuerySet, TenantModel


class MembershipQuerySet(ScopedQuerySet):
    """Memberships by what hangs on them."""

    def last_admins(self) -> Self:
        """Keep those of administrators whose platform has no other who can log in."""
        others = Membership.objects.filter(
            platform=models.OuterRef("platform"), role=Role.ADMIN, user__is_active=True
        ).exclude(user=models.OuterRef("user"))
        return self.filter(~models.Exists(others), role=Role.ADMIN)


class Membership(TenantModel):
    """A person's role on a platform; one a person and platform."""

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("platform"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("account"),
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects: ClassVar = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ("platform", "user")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "platform"), name="membership_once_a_person_and_platform"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class InvitationQuerySet(ScopedQuerySet):
    """Invitations by their state."""

    def open_at(self, now: datetime) -> "InvitationQuerySet":
        """Keep those that can still be accepted."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


class Invitation(TenantModel):
    """A mail that asks somebody to join; the inviter never learns whether an account existed."""

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        related_name="invitations",
        verbose_name=_("platform"),
    )
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    #: When the mail server last took the mail; empty: it never did.
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects: ClassVar = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"

    @property
    def is_open(self) -> bool:
        """Tell whether it can still be accepted."""
        return (
            self.accepted_at is None
            and self.revoked_at is None
            and self.expires_at > timezone.now()
        )
