"""The connection to Prometheus: the installation's one row."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import GlobalModel
from platforms.secrets import EncryptedField, SecretRow


class Authentication(models.TextChoices):
    """How Remosa proves itself to Prometheus."""

    NONE = "none", _("none")
    BASIC = "basic", _("name and password")
    BEARER = "bearer", _("bearer token")


class PrometheusConnection(SecretRow, GlobalModel):
    """Where the metrics are read; one row for the installation."""

    # Not a URLField: that refuses names without a dot, such as http://prometheus:9090.
    url = models.CharField(_("address"), max_length=500)
    authentication = models.CharField(
        _("authentication"),
        max_length=8,
        choices=Authentication.choices,
        default=Authentication.NONE,
    )
    username = models.CharField(_("user name"), max_length=255, blank=True)
    secret = EncryptedField(_("password or token"), blank=True, default="")
    verify_tls = models.BooleanField(_("check the TLS certificate"), default=True)
    ca_certificate = models.TextField(
        _("CA certificate"),
        blank=True,
        help_text=_("PEM text of a private authority; empty: the system's authorities."),
    )
    timeout = models.PositiveIntegerField(
        _("timeout, s"),
        default=10,
        validators=(MinValueValidator(1), MaxValueValidator(120)),
    )

    class Meta:
        verbose_name = _("Prometheus connection")
        verbose_name_plural = _("Prometheus connection")
        constraints = (
            models.CheckConstraint(name="one_prometheus_connection", condition=models.Q(pk=1)),
        )

    def __str__(self) -> str:
        return self.url
