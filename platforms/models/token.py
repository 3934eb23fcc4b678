"""API tokens: a readable prefix and 256 random bits, of which only a digest is kept."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.roles import Deed
from platforms.scoping import Principal, ScopedQuerySet, Tenancy


class TokenKind(models.TextChoices):
    """What a token is for; each API view names the kinds that it accepts."""

    USER = "user", _("Person")
    EXPORTER = "exporter", _("Exporter process")
    DISCOVERY = "discovery", _("Service discovery (Prometheus)")


class ApiTokenQuerySet(ScopedQuerySet):
    """Tokens: people reach their own, superadmins all."""

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> "ApiTokenQuerySet":
        """Keep a person's own tokens; those of machines belong to superadmins."""
        if user.reaches_every_platform(Deed.OWN):
            return self.all()
        return self.filter(kind=TokenKind.USER, owner_id=getattr(user, "pk", None))


class ApiToken(models.Model):
    """One credential of the API. The secret itself is shown once, when it is made."""

    tenancy: ClassVar[Tenancy] = Tenancy.TENANT

    kind = models.CharField(_("kind"), max_length=16, choices=TokenKind.choices)
    name = models.CharField(
        _("name"), max_length=120, help_text=_("Says later where this token is in use.")
    )
    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("platform"),
        help_text=_("Empty: every platform that its owner may reach."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="tokens",
        verbose_name=_("owner"),
    )
    exporter_kind = models.CharField(_("exporter kind"), max_length=32, blank=True)
    read_only = models.BooleanField(_("read only"), default=True)
    prefix = models.CharField(_("starts with"), max_length=24, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                name="token_of_a_person_has_an_owner",
                condition=~models.Q(kind=TokenKind.USER) | models.Q(owner__isnull=False),
            ),
            models.CheckConstraint(
                name="token_of_an_exporter_has_a_kind",
                condition=~models.Q(kind=TokenKind.EXPORTER) | ~models.Q(exporter_kind=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def allows(self, deed: Deed) -> bool:
        """Tell whether the token itself permits the deed, before its owner's rights are asked."""
        if deed is Deed.OWN and self.platform_id is not None:
            return False  # the installation is more than one platform
        return deed is Deed.SEE or not self.read_only


class Machine:
    """The principal behind a token that belongs to no person: it can only see."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_superuser = False
    is_staff = False
    pk: None = None

    def __init__(self, token: ApiToken) -> None:
        self.token = token

    def __str__(self) -> str:
        return str(self.token)

    def reaches_every_platform(self, deed: Deed) -> bool:
        """Never: even a token for all platforms reaches the active ones alone."""
        return False

    def platform_ids(self, deed: Deed) -> models.QuerySet[Any, Any]:
        """Return the active platforms that the token is for, to be seen only."""
        from .platform import Platform

        ids = Platform.objects.filter(active=True).values("pk")
        if deed is not Deed.SEE:
            return ids.none()
        return ids if self.token.platform_id is None else ids.filter(pk=self.token.platform_id)

    def known_platform_ids(self, deed: Deed) -> None:
        """Tell that no roles are remembered: a machine asks once."""

    def may(self, deed: Deed, platform_id: int | None = None) -> bool:
        """Tell whether the deed is allowed on that platform, or with None on any at all."""
        ids = self.platform_ids(deed)
        return (ids if platform_id is None else ids.filter(pk=platform_id)).exists()
