"""Which Prometheus is asked: the saved row, or until there is one PROMETHEUS_URL."""

from typing import Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from platforms.keyring import KeyRingError

from .models import Authentication, PrometheusConnection
from .prometheus import Connection, PrometheusError

WAYS: dict[Authentication, Literal["none", "basic", "bearer"]] = {
    Authentication.NONE: "none",
    Authentication.BASIC: "basic",
    Authentication.BEARER: "bearer",
}


def current_connection() -> Connection:
    """Return the connection; raise PrometheusError where there is none that could be used."""
    row = PrometheusConnection.objects.filter(pk=1).first()
    if row is not None:
        return connection_of(row)
    if not settings.PROMETHEUS_URL:
        text = _("No Prometheus is set: a superadmin enters its address on the page Prometheus.")
        raise PrometheusError("not_set", text, permanent=True)
    return Connection(url=settings.PROMETHEUS_URL)


def connection_of(row: PrometheusConnection) -> Connection:
    """Return the connection that a row, saved or not, describes."""
    try:
        secret = "" if row.authentication == Authentication.NONE else row.secret.reveal()
    except KeyRingError as error:
        raise PrometheusError("secret", str(error), permanent=True) from error
    return Connection(
        url=row.url,
        authentication=WAYS[Authentication(row.authentication)],
        username=row.username,
        secret=secret,
        verify=row.verify_tls,
        authorities=row.ca_certificate,
        timeout=float(row.timeout),
    )
