"""Reads what the address of the device page asks for, and lays out what its template shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from exporters import live, overview
from exporters.lending import player_columns
from exporters.live import DeviceFilters, State
from exporters.models import Exporter
from exporters.selection import LONGEST_SEARCH, ORDERS
from platforms.models import Platform, Site, User
from platforms.roles import Deed

MOST_OPTIONS = 500
MOST_CROWDED = 5
COUNTED = 20_000  # players; more are counted on the first page alone
NEIGHBOURS = 2  # pages named on both sides of this one


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the filter bar."""

    name: str
    label: str
    all: str
    options: list[tuple[int, str]]
    chosen: int | None


def read_filters(asked: QueryDict) -> DeviceFilters:
    """Read the filters of an address; what makes no sense filters nothing."""
    state = asked.get("status", "")
    order = asked.get("o", "")
    return DeviceFilters(
        platform_id=_number(asked.get("platform")),
        exporter_id=_number(asked.get("exporter")),
        site_id=_number(asked.get("site")),
        state=State(state) if state in State.values else None,
        search=asked.get("q", "").strip()[:LONGEST_SEARCH],
        order=order if order.removeprefix("-") in ORDERS else "name",
    )


def list_context(person: User, asked: QueryDict) -> dict[str, Any]:
    """Return everything that the list template needs."""
    filters = read_filters(asked)
    page = live.devices_page(person, filters, _number(asked.get("p")) or 1)
    platforms = list(Platform.objects.for_user(person, Deed.SEE).values_list("pk", "name"))
    query = Query(asked)
    narrowed = bool(
        filters.search
        or filters.state
        or filters.platform_id
        or filters.exporter_id
        or filters.site_id
    )
    first = (page.page - 1) * page.size + 1
    return {
        "filters": filters,
        "order": filters.order,
        "orders": _orders(len(platforms) > 1),
        "query": query.text(),
        "page": page,
        "narrowed": narrowed,
        "many_platforms": len(platforms) > 1,
        "may_add": person.may(Deed.FLEET),
        "owns": person.may(Deed.OWN),
        "crowded": _crowded(person, filters),
        "choices": list(_choices(person, filters, platforms)),
        "tabs": list(_tabs(person, filters, query, page)),
        "columns": list(_columns(filters, query, len(platforms) > 1)),
        "lent": _lent(person, page),
        "links": list(_links(page.page, page.pages, query)),
        "range": _("%(first)s–%(last)s of %(total)s")
        % {"first": first, "last": first + len(page.devices) - 1, "total": page.total},
    }


class Query:
    """The address' own parameters, to make links that change some of them."""

    def __init__(self, asked: QueryDict) -> None:
        self.asked = asked.copy()
        for name in set(self.asked) - {"q", "platform", "exporter", "site", "status", "o", "p"}:
            del self.asked[name]

    def text(self, **changes: object) -> str:
        """Return ``?a=b``; None or an empty text drops a parameter, and every change the page."""
        query = self.asked.copy()
        if changes and "p" not in changes:
            query.pop("p", None)
        for name, value in changes.items():
            query.pop(name, None)
            if value not in (None, ""):
                query[name] = str(value)
        return f"?{query.urlencode()}"


def _number(text: str | None) -> int | None:
    """Return the positive number that a text is, as far as a database knows such."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 18:
        return None
    return int(text) or None


def _orders(many_platforms: bool) -> list[tuple[str, str]]:
    orders = [
        ("name", _("By name")),
        ("status", _("Offline first")),
        ("-status", _("Online first")),
        ("identity", _("By MAC or ID")),
        ("exporter", _("By exporter")),
        ("ip", _("By IP")),
        ("outip", _("By outside IP")),
    ]
    return [*orders, ("platform", _("By platform"))] if many_platforms else orders


def _crowded(person: User, filters: DeviceFilters) -> list[Exporter]:
    """Return the exporters in sight whose vendor lists devices that have no room."""
    within = {"platform_id": filters.platform_id, "pk": filters.exporter_id}
    chosen = {name: value for name, value in within.items() if value is not None}
    rows = Exporter.objects.for_user(person, Deed.SEE).filter(over_limit__gt=0, **chosen)
    return list(rows.select_related("platform").order_by("name")[:MOST_CROWDED])


def _choices(
    person: User, filters: DeviceFilters, platforms: list[tuple[int, str]]
) -> Iterator[Choice]:
    if len(platforms) > 1:
        yield Choice("platform", _("Platform"), _("All platforms"), platforms, filters.platform_id)
    within = {} if filters.platform_id is None else {"platform_id": filters.platform_id}
    exporters = Exporter.objects.for_user(person, Deed.SEE).filter(**within)
    options = list(exporters.order_by("name").values_list("pk", "name")[:MOST_OPTIONS])
    if len(options) > 1 or filters.exporter_id:
        yield Choice("exporter", _("Exporter"), _("All exporters"), options, filters.exporter_id)
    sites = Site.objects.for_user(person, Deed.SEE).filter(**within)
    options = list(sites.order_by("name").values_list("pk", "name")[:MOST_OPTIONS])
    if options:
        yield Choice("site", _("Site"), _("All sites"), options, filters.site_id)


def _tabs(
    person: User, filters: DeviceFilters, query: Query, page: live.DevicesPage
) -> Iterator[Mapping[str, Any]]:
    """Yield the tabs of states, counted where that costs one small query: over whole exporters."""
    counts: Mapping[State, int] = {}
    cheap = page.total <= COUNTED and not filters.search and filters.site_id is None
    if cheap and page.outage is None:
        counts = overview.totals(person, filters.platform_id, filters.exporter_id)
    yield {
        "state": "all",
        "label": _("All"),
        "query": query.text(status=None),
        "count": sum(counts.values()) if counts else None,
        "chosen": filters.state is None,
    }
    for state in State:
        yield {
            "state": state.value,
            "label": state.label,
            "query": query.text(status=state.value),
            "count": counts.get(state),
            "chosen": filters.state is state,
        }


def _columns(
    filters: DeviceFilters, query: Query, many_platforms: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the headings, each a link that orders by it."""
    columns = [
        ("name", _("Name")),
        ("status", _("Status")),
        ("identity", _("MAC or ID")),
        ("ip", _("IP")),
        ("outip", _("Outside IP")),
        ("exporter", _("Exporter")),
    ]
    for name, label in [*columns, ("platform", _("Platform"))] if many_platforms else columns:
        here = filters.order.removeprefix("-") == name
        turned = here and not filters.order.startswith("-")
        yield {
            "name": name,
            "label": label,
            "query": query.text(o=f"-{name}" if turned else name),
            "sorted": ("ascending" if turned else "descending") if here else "",
        }


def _lent(person: User, page: live.DevicesPage) -> list[tuple[StrOrPromise, Mapping[int, str]]]:
    """Return the columns of the applications above: title, and text by the number of a player."""
    ids = [device.player_id for device in page.devices]
    return [(each.title, each.cells(person, ids)) for each in player_columns.values()]


def _links(page: int, pages: int, query: Query) -> Iterator[Mapping[str, Any]]:
    """Yield the first, the last and the neighbouring pages, gaps as empty ones."""
    before = 0
    for number in (
        range(1, pages + 1)
        if pages < 10
        else sorted(
            {1, pages, *range(max(1, page - NEIGHBOURS), min(pages, page + NEIGHBOURS) + 1)}
        )
    ):
        if number != before + 1:
            yield {}
        yield {"number": number, "query": "" if number == page else query.text(p=number)}
        before = number
