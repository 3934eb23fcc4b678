"""Exporter processes: what Prometheus shall scrape."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import GlobalModel

from .exporter import kind_choices


class ExporterProcess(GlobalModel):
    """A running exporter that Prometheus shall scrape: announced by itself or pinned by hand.

    It stays listed while it is dead, so that its ``up`` is 0 and not absent. ``limited_to`` is
    the platform of its token. It outlives the token, and goes with the platform: a process of
    which nobody knows any more what it may vouch for must not become one that is believed all.
    """

    kind = models.CharField(_("kind"), max_length=32, choices=kind_choices)
    instance = models.CharField(
        _("instance"), max_length=63, help_text=_("Stable name; becomes the instance label.")
    )
    address = models.CharField(_("address"), max_length=300, help_text=_("host:port"))
    scheme = models.CharField(
        _("scheme"),
        max_length=5,
        choices=(("http", "http"), ("https", "https")),
        default="http",
        help_text=_("How Prometheus asks it. A process with TLS announces https."),
    )
    pinned = models.BooleanField(
        _("pinned"),
        default=False,
        help_text=_("An announcement changes neither address nor scheme of a pinned one."),
    )
    token = models.ForeignKey(
        "platforms.ApiToken",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("token"),
    )
    limited_to = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("limited to"),
        help_text=_(
            "What the process says of players of other platforms is not believed. Empty: it "
            "speaks for all. Its token sets this, unless the process is pinned."
        ),
    )
    version = models.CharField(_("version"), max_length=32, blank=True, editable=False)
    announced_at = models.DateTimeField(_("last announced"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("exporter process")
        verbose_name_plural = _("exporter processes")
        ordering = ("kind", "instance")
        constraints = (
            models.UniqueConstraint(fields=("kind", "instance"), name="process_once_an_instance"),
            models.UniqueConstraint(
                fields=("address",),
                name="process_once_an_address",
                violation_error_message=_("Another process is listed at this address."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}/{self.instance}"
