"""How the pages are reached, with TLS or without, and by whom. Changed as a whole or not at all."""

import ssl
from typing import NamedTuple

from exporters.process import web_config
from exporters.process.certificates import Certificate, certificate, context
from exporters.process.configuration import Configuration, ConfigurationError
from exporters.process.guard import Guard
from exporters.process.web_config import WebConfig


class Prepared(NamedTuple):
    """What was read and found good. `tls` is None without TLS."""

    web: WebConfig
    token: str
    tls: ssl.SSLContext | None
    certificate: Certificate | None


def prepare(configuration: Configuration) -> Prepared:
    """Read the web configuration and its files. Raises ConfigurationError."""
    web = web_config.read(configuration.web_config_file)
    prepared = Prepared(web, configuration.metrics_token, None, None)
    if web.tls is None:
        return prepared
    try:
        return prepared._replace(tls=context(web.tls), certificate=certificate(web.tls))
    except ConfigurationError as error:
        raise web_config.in_file(configuration.web_config_file, error) from error


class Entrance:
    """What holds now."""

    def __init__(self, prepared: Prepared) -> None:
        self.guard = Guard()
        self.apply(prepared)

    def apply(self, prepared: Prepared) -> None:
        """Let this hold from now on; the server has to be told of `tls` as well."""
        self.tls, self.certificate = prepared.tls, prepared.certificate
        self.guard.change(prepared.web.users, prepared.token)

    @property
    def scheme(self) -> str:
        """Return how Prometheus has to ask."""
        return "https" if self.tls else "http"

    @property
    def told(self) -> str:
        """Return for a person how the pages are served."""
        if self.certificate is None:
            return "HTTP, not encrypted"
        return f"HTTPS, {describe(self.certificate)}"


def describe(shown: Certificate) -> str:
    """Return for a person whose a certificate is, and until when."""
    return f"certificate of {shown.subject}, until {shown.until:%Y-%m-%d %H:%M} UTC"
