"""The list of sockets: its filters, what a page of it needs besides its rows, and its CSV."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from devices.line_states import age
from devices.models import Binding, Device, DeviceLine, DeviceModel, Pause
from platforms.admin.filters import RowFilter
from platforms.models import Site, User
from platforms.roles import Deed
from platforms.scoped_fields import person_of

MOST_OPTIONS = 500
COLUMNS = (
    *("platform", "name", "model", "phone", "site", "enabled", "reset_only", "lines", "players"),
    *("mains_lost_at", "heard_at", "commissioned_at", "retired_at", "notes"),
)


class ModelFilter(RowFilter):
    """Narrows the list to one socket model."""

    title = _("model")
    parameter_name = "of_model"
    column = "model_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the models of the catalogue."""
        rows = DeviceModel.objects.for_user(person_of(request)).order_by("name")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


class SiteFilter(RowFilter):
    """Narrows the list to one site."""

    title = _("site")
    parameter_name = "of_site"
    column = "site_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the sites that the person may see."""
        rows = Site.objects.for_user(person_of(request)).order_by("name")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:MOST_OPTIONS]]


class UseFilter(DropdownFilter):
    """Leaves out what was taken out of use, unless it is asked for."""

    title = _("use")
    parameter_name = "use"
    all_option = ("", _("In use"))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what is history too."""
        return [("retired", _("Taken out of use")), ("all", _("All"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those in use unless others were asked for."""
        if self.value() == "all":
            return queryset
        return queryset.filter(retired_at__isnull=self.value() != "retired")


class MainsFilter(DropdownFilter):
    """Narrows the list to sockets that told of lost mains."""

    title = _("mains")
    parameter_name = "mains"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("lost", _("Mains lost")), ("there", _("No loss known"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those with an open outage, or those without."""
        if self.value() not in ("lost", "there"):
            return queryset
        return queryset.filter(mains_lost_at__isnull=self.value() == "there")


class CommissionedFilter(DropdownFilter):
    """Narrows the list to sockets that were put into service, or were not yet."""

    title = _("commissioning")
    parameter_name = "commissioned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("no", _("Not commissioned")), ("yes", _("Commissioned"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those that passed every step, or those that did not."""
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(commissioned_at__isnull=self.value() == "no")


def furnish(devices: Iterable[Device], person: User) -> list[Device]:
    """Give the sockets of a page their lines, counts of players, pauses and phones to be shown.

    A fixed number of queries, whatever the number of sockets. The rows were reached by for_user.
    """
    rows: list[Any] = list(devices)
    ids = [row.pk for row in rows]
    lines = defaultdict(list)
    for line in DeviceLine.objects.filter(device__in=ids).order_by("number"):  # unscoped: of these
        lines[line.device_id].append(line)
    paused = _paused(rows)
    seen = phones_seen(person)
    players = _players(ids)
    for row in rows:
        row.shown_lines = lines[row.pk]
        row.players_number = players[row.pk]
        row.paused = paused.get(row.pk)
        row.shown_phone = row.phone if seen is None or row.platform_id in seen else ""
    return rows


def remarks(device: Any) -> list[tuple[str, str]]:
    """Return what is to be said of a socket beside its lines: a colour and a word each."""
    said: list[tuple[str, str]] = []
    if device.retired_at is not None:
        return [("unknown", gettext("taken out of use"))]
    if device.mains_lost_at is not None:
        lost = age(device.mains_lost_at, timezone.now())
        said.append(("offline", format_html("{} · {}", gettext("mains lost"), lost)))
    if not device.enabled:
        said.append(("unknown", gettext("disabled")))
    if device.paused is not None:
        said.append(("partly", gettext("paused")))
    if device.reset_only:
        said.append(("unknown", gettext("reset only")))
    if device.commissioned_at is None:
        said.append(("partly", gettext("not commissioned")))
    return said


def phones_seen(person: User) -> Collection[int] | None:
    """Return on which platforms the person sees phone numbers; None: on all of them."""
    if person.reaches_every_platform(Deed.PHONES):
        return None
    return {number for row in person.platform_ids(Deed.PHONES) for number in row.values()}


def table(rows: models.QuerySet[Any], person: User) -> Iterator[list[Any]]:
    """Yield a line of the file for each socket; phones where the person may see them."""
    batch: list[Device] = []
    for row in rows.select_related("platform", "model", "site").iterator(chunk_size=1000):
        batch.append(row)
        if len(batch) == 1000:
            yield from map(_cells, furnish(batch, person))
            batch = []
    yield from map(_cells, furnish(batch, person))


def _cells(row: Any) -> list[Any]:
    states = {None: "unknown", True: "on", False: "off"}
    lines = [f"{line.number}: {states[line.is_on]}" for line in row.shown_lines]
    moments = (row.mains_lost_at, row.heard_at, row.commissioned_at, row.retired_at)
    return [
        row.platform.name,
        row.name,
        row.model.name,
        row.shown_phone,
        row.site.name if row.site else "",
        "yes" if row.enabled else "no",
        "yes" if row.reset_only else "no",
        ", ".join(lines),
        row.players_number,
        *(at.isoformat() if at else "" for at in moments),
        row.notes,
    ]


def _players(ids: Collection[int]) -> Counter[int]:
    # unscoped: of sockets that were reached by for_user
    hung = Binding.objects.filter(line__device__in=ids, ended_at=None, player__retired_at=None)
    counted = hung.order_by().values_list("line__device").annotate(number=models.Count("pk"))
    return Counter(dict(counted))


def _paused(rows: Collection[Device]) -> dict[int, Pause]:
    """Return the pause that stops each of these sockets, if one does."""
    found: dict[int, Pause] = {}
    platforms = {row.platform_id for row in rows}
    wide = models.Q(device=None) & (models.Q(platform=None) | models.Q(platform__in=platforms))
    own = models.Q(device__in=[row.pk for row in rows])
    # unscoped: of sockets that were reached by for_user; a pause of everything is told to all
    lasting = list(Pause.objects.at(timezone.now()).filter(wide | own).order_by("pk"))
    for row in rows:
        for pause in lasting:
            of_all = pause.platform_id in (None, row.platform_id) and pause.device_id is None
            if of_all or pause.device_id == row.pk:
                found.setdefault(row.pk, pause)
    return found
