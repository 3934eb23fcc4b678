"""Exporters: one vendor account of a platform each, with what its vendor is asked with."""

import json
import time
from collections.abc import Mapping
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from exporters.kinds import KINDS, Kind
from platforms.scoping import ScopedQuerySet, TenantModel
from platforms.secrets import EncryptedField, SecretRow


def kind_choices() -> list[tuple[str, str]]:
    """Return the registered exporter kinds for a form."""
    return [(kind.name, kind.title) for kind in KINDS.values()]


def version_now() -> int:
    """Return a list version that no earlier one reaches, in milliseconds.

    By the clock, so that a database restored from a backup never gives a version out again.
    """
    return time.time_ns() // 1_000_000


class ExporterQuerySet(ScopedQuerySet):
    """Exporters by where their players come from."""

    def taking_macs(self) -> "ExporterQuerySet":
        """Keep those whose players people type in; reads the settings of all of them once."""
        rows = self.values_list("pk", "kind", "settings")
        return self.exclude(
            pk__in=[pk for pk, kind, settings in rows if KINDS[kind].discovers(settings)]
        )


class Exporter(SecretRow, TenantModel):
    """One vendor account of a platform that an exporter process polls.

    Empty settings mean: the default of the exporter process. ``settings`` and ``secrets`` hold
    what the kind asks for beside them, by name; the secrets as the text of a JSON object.
    ``list_version`` grows with every write to its MACs or to itself, in the same transaction:
    the device list's ETag is made of it. ``over_limit`` devices at the vendor are not watched,
    for want of room on the platform.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        related_name="exporters",
        verbose_name=_("platform"),
    )
    kind = models.CharField(_("kind"), max_length=32, choices=kind_choices)
    name = models.CharField(_("name"), max_length=120)
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled exporter asks the vendor nothing.")
    )
    poll_interval = models.PositiveIntegerField(
        _("poll interval, s"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(86400)),
        help_text=_("Seconds between two polls. Empty: 30."),
    )
    timeout = models.PositiveIntegerField(
        _("timeout, s"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(300)),
        help_text=_("Longest time for one answer of the vendor. Empty: 10."),
    )
    max_concurrency = models.PositiveIntegerField(
        _("concurrency"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(1000)),
        help_text=_("Requests under way at once. Empty: 50."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = EncryptedField(_("secrets"), blank=True, default="")
    list_version = models.BigIntegerField(default=version_now, editable=False)
    over_limit = models.PositiveIntegerField(_("not watched"), default=0, editable=False)
    over_limit_since = models.DateTimeField(_("not watched since"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar = ExporterQuerySet.as_manager()

    class Meta:
        verbose_name = _("exporter")
        verbose_name_plural = _("exporters")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("platform", "name"),
                name="exporter_name_once_a_platform",
                violation_error_message=_("This platform already has an exporter with this name."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def shape(self) -> Kind:
        """Return the kind itself."""
        return KINDS[self.kind]

    @property
    def discovers(self) -> bool:
        """Tell whether the players are those of the vendor's list, so that nobody types them."""
        return self.shape.discovers(self.settings)

    def opened_secrets(self) -> Mapping[str, str]:
        """Return the secrets by name; raise KeyRingError when the key ring cannot open them."""
        text = self.secrets.reveal()
        return json.loads(text) if text else {}

    def take_secrets(self, secrets: Mapping[str, str]) -> None:
        """Set all secrets; save() seals them."""
        self.secrets = json.dumps(dict(secrets)) if secrets else ""

    def bump(self) -> None:
        """Make every cached device list that holds this exporter outdated."""
        Exporter.objects.filter(pk=self.pk).update(
            list_version=Greatest(models.F("list_version") + 1, version_now())
        )

    def take_version(self) -> None:
        """Lock the row and take its next list version; save() in the same transaction keeps it.

        A save without it would write the version back that was read, and undo bumps made since.
        """
        versions = Exporter.objects.select_for_update().values_list("list_version", flat=True)
        self.list_version = max(versions.get(pk=self.pk) + 1, version_now())
