"""The one word on every queryset: ``for_user``; and the check that no model lacks its tenancy.

Every model of ours declares ``tenancy``: TENANT rows carry ``platform_id`` and are seen by that
platform's members alone; SHARED rows belong to a platform or, with none, to all of them; GLOBAL
rows belong to the installation and are for superadmins.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error
from django.db import models
from django.utils.translation import gettext_lazy as _

from .roles import Deed

OUR_APPS = ("platforms", "exporters", "devices", "jobs")


class Tenancy(StrEnum):
    """Whom the rows of a model belong to."""

    TENANT = "tenant"
    SHARED = "shared"
    GLOBAL = "global"


class Principal(Protocol):
    """Somebody who asks: a person, a person's token or a machine's token."""

    def reaches_every_platform(self, deed: Deed) -> bool:
        """Tell whether the deed is allowed everywhere, on rows of no platform too."""

    def platform_ids(self, deed: Deed) -> "models.QuerySet[Any, Any]":
        """Return a sub-query of the ids of the platforms where the deed is allowed."""

    def known_platform_ids(self, deed: Deed) -> list[int] | None:
        """Return those ids where this request has read them already, None where it has not."""


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a platform, narrowed to what a principal may reach."""

    platform_lookup: ClassVar[str] = "platform_id"

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> Self:
        """Keep the rows on which the principal may do the deed; a sub-query, never a join.

        A page asks ten times: once it knows the ids, they stand in its questions themselves.
        """
        if user.reaches_every_platform(deed):
            return self.all()
        # To see alone: what a request changes is judged by the database at that very moment.
        known = user.known_platform_ids(deed) if deed is Deed.SEE else None
        ids = user.platform_ids(deed) if known is None else known
        return self.filter(**{f"{self.platform_lookup}__in": ids})


class SharedQuerySet(ScopedQuerySet):
    """Rows of a platform, and rows of no platform, which all may use and superadmins change."""

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> Self:
        """Keep one's own rows; to see, those of no platform too for members of any."""
        if user.reaches_every_platform(deed):
            return self.all()
        ids = user.platform_ids(deed)
        own = models.Q(platform_id__in=ids)
        if deed is Deed.SEE:
            own |= models.Q(models.Exists(ids), platform_id=None)
        return self.filter(own)

    def usable_on(self, platform_id: int) -> Self:
        """Keep what a row of that platform may refer to: its own and those of all."""
        return self.filter(models.Q(platform_id=None) | models.Q(platform_id=platform_id))


class GlobalQuerySet(models.QuerySet[Any]):
    """Rows of the installation: superadmins reach all of them, everybody else none."""

    def for_user(self, user: Principal, deed: Deed = Deed.OWN) -> Self:
        """Keep everything for a superadmin, nothing for others, whatever the deed."""
        return self.all() if user.reaches_every_platform(Deed.OWN) else self.none()


class TenantModel(models.Model):
    """Base of every row that belongs to exactly one platform, for good."""

    tenancy: ClassVar[Tenancy] = Tenancy.TENANT

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("platform"),
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True


class SharedModel(models.Model):
    """Base of rows that belong to one platform or, with none, are shared by all of them.

    ``adoptable`` rows may go from no platform to one, once.
    """

    tenancy: ClassVar[Tenancy] = Tenancy.SHARED
    adoptable: ClassVar[bool] = False

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("platform"),
        help_text=_("Empty: shared by all platforms."),
    )

    objects = SharedQuerySet.as_manager()

    class Meta:
        abstract = True


class GlobalModel(models.Model):
    """Base of every row that belongs to the installation."""

    tenancy: ClassVar[Tenancy] = Tenancy.GLOBAL

    objects = GlobalQuerySet.as_manager()

    class Meta:
        abstract = True


def check_every_model_has_a_tenancy(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Fail the system check for a model of ours that does not say whom its rows belong to."""
    return [
        Error(
            f"{model._meta.label} declares no tenancy or has a queryset without for_user().",
            hint="Derive it from TenantModel, SharedModel or GlobalModel in platforms/scoping.py.",
            obj=model,
            id="platforms.E001",
        )
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        and not (
            isinstance(getattr(model, "tenancy", None), Tenancy)
            and hasattr(model._default_manager.all(), "for_user")
        )
    ]
