"""What Prometheus shall scrape: exporter processes that announced themselves or were pinned.

An address is checked against the deployment's list and never resolved: a name that is not on the
list is refused, whatever it points to. Here is said too which processes may speak for one platform
alone: their targets carry its number, and `promql` believes them nothing of another one.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import ApiToken

from .models import ExporterProcess
from .promql import SPEAKS_FOR

JOB = "remosa_exporters"
INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class AddressRefused(Exception):
    """The address is not one at which exporters may run; the text says what to do."""


class Taken(Exception):
    """Another process holds the instance name or the address; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a process says of itself; without a host, the address that it calls from."""

    kind: str
    instance: str
    port: int
    host: str = ""
    version: str = ""
    scheme: str = "http"


def announce(said: Announcement, token: ApiToken, actor: Actor) -> ExporterProcess:
    """List the process to be scraped; its former address, unless pinned, gives way.

    1. Lock the row of the instance, if there is one.
    2. Refuse what another live token announced, what speaks for more than this token does, an
       address that is not allowed, and one that another instance has.
    3. Write what changed; the audit record tells it only where something did. What a pinned
       process speaks for is said by who pinned it.
    """
    with transaction.atomic():
        named = ExporterProcess.objects.filter(kind=said.kind, instance=said.instance)
        row: ExporterProcess = named.select_for_update().first() or ExporterProcess(
            kind=said.kind, instance=said.instance
        )
        before = _told(row) if row.pk else {}
        _refuse_the_instance_of_another(row, token)
        if not row.pinned:
            row.address = allowed_address(said.host or actor.address or "", said.port)
            row.scheme, row.limited_to_id = said.scheme, token.platform_id
        _refuse_the_address_of_another(row)
        row.token, row.version, row.announced_at = token, said.version, timezone.now()
        _save(row)
        was, now = audit.difference(before, _told(row))
        if now:
            audit.record(actor, Action.ANNOUNCED, row, platform_id=None, before=was, after=now)
        return row


def groups() -> list[dict[str, Any]]:
    """Return every listed process, dead or alive, as HTTP service discovery wants it.

    Not those whose token was revoked: whoever revokes a token believes its holder no more. One
    that only expired is scraped on, for that is nobody's judgement.
    """
    believed = ExporterProcess.objects.exclude(pinned=False, token__revoked_at__isnull=False)
    return [
        {"targets": [process.address], "labels": _labels(process)}
        for process in believed.order_by("kind", "instance")
    ]


def allowed_address(host: str, port: int) -> str:
    """Return ``host:port`` when the deployment allows the host, else raise AddressRefused."""
    entries = [entry.strip().lower() for entry in settings.EXPORTER_ADDRESSES]
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        if host.lower() in entries:
            return f"{host.lower()}:{port}"
        raise AddressRefused(_refusal(host)) from None
    address = getattr(address, "ipv4_mapped", None) or address
    # A scope (%eth0) means something on the process' own machine alone.
    meant = not (address.is_unspecified or address.is_multicast or "%" in str(address))
    if not meant or not any(address in network for network in _networks(entries)):
        raise AddressRefused(_refusal(str(address)))
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _labels(process: ExporterProcess) -> dict[str, str]:
    labels = {"job": JOB, "instance": process.instance, "kind": process.kind}
    if process.limited_to_id is not None:
        labels[SPEAKS_FOR] = str(process.limited_to_id)
    if process.scheme != "http":
        labels["__scheme__"] = process.scheme  # Prometheus asks so, and drops the label
    return labels


def _networks(entries: Iterable[str]) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in entries:
        try:
            yield ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue  # a host name


def _refuse_the_instance_of_another(row: ExporterProcess, token: ApiToken) -> None:
    """Keep a live token's instance its own: else a second process would take its scrapes away.

    So would one that is limited to a platform, of a process that speaks for others as well.
    """
    holder = row.token
    if holder is not None and holder.pk == token.pk:
        return
    if holder is None or _is_over(holder):
        if row.pk and token.platform_id not in (None, row.limited_to_id):
            raise Taken(
                _(
                    "The instance %(instance)s is not limited to the platform of this token. Give "
                    "this process a name of its own (EXPORTER_INSTANCE), or have a superadmin "
                    "remove the listed one, or limit it if it is pinned."
                )
                % {"instance": row.instance}
            )
        return
    raise Taken(
        _(
            "The instance %(instance)s was announced with another token. Give this process a name "
            "of its own (EXPORTER_INSTANCE), or revoke the token %(token)s if it is not in use."
        )
        % {"instance": row.instance, "token": f"{holder.prefix}…"}
    )


def _refuse_the_address_of_another(row: ExporterProcess) -> None:
    """Keep one address in one target: else a dead process would look alive by its successor."""
    other = ExporterProcess.objects.filter(address=row.address).exclude(pk=row.pk).first()
    if other is not None:
        raise Taken(
            _(
                "%(address)s is listed as %(other)s. Choose another port, or have a superadmin "
                "remove that exporter process if it is gone for good."
            )
            % {"address": row.address, "other": other}
        )


def _save(row: ExporterProcess) -> None:
    """Write the row; of two that announce one address at the same time one is Taken."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        _refuse_the_address_of_another(row)
        raise


def _is_over(token: ApiToken) -> bool:
    expired = token.expires_at is not None and token.expires_at <= timezone.now()
    return token.revoked_at is not None or expired


def _told(row: ExporterProcess) -> dict[str, Any]:
    names = ("address", "scheme", "token_id", "limited_to_id", "version")
    return {name: getattr(row, name) for name in names}


def _refusal(host: str) -> str:
    return _(
        "An exporter process may not run at %(host)s. Add the address or its network to "
        "REMOSA_EXPORTER_ADDRESSES of the web application."
    ) % {"host": host or "?"}
