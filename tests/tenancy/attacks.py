"""What somebody of another platform can try beside guessing ids: parameters, choices, actions.

Forms are read from the pages themselves, so that a new field is tried without being named here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django import forms
from django.contrib.admin.sites import site
from django.core.cache import cache

from exporters.kinds import KINDS
from platforms.guards import tenant_models
from tests.tenancy.census import MODEL, Route, routes
from tests.tenancy.probes import Answer, Prober
from tests.tenancy.sockets import definition
from tests.tenancy.world import RANDOM_ID, Tenant

_number = count(1)

# Parameters of list pages and API lists that take a number of a row.
NUMBERS = (
    *("of_platform", "of_exporter", "platform", "platform_id", "platform__id__exact", "exporter"),
    *("exporter_id", "exporter__platform", "site", "site_id", "owner__id__exact", "user", "id__in"),
    *("target_id", "user__memberships__platform"),
    *("device_id", "device", "device__id__exact", "player_id", "command_id", "line__device"),
)
# Parameters that search: a piece of the other platform's texts that is in all of them.
SEARCHES = (
    *("q", "search", "s", "term", "platform__name__startswith", "user__email__contains"),
    *("exporter__name__contains", "target__contains"),
)
ORDERS = ("o=2", "all=", "_facets=True", "_popup=1&_to_field=platform", "e=1", "p=99")
PIECE = "anary-"
NOT_KNOWN = "This is not known here."  # of a parameter's name


def list_routes() -> Iterator[Route]:
    """Return the addresses without an id that answer a GET with rows."""
    for route in routes():
        if route.model or route.pattern.endswith(("/add/", "/test/")):
            continue
        page = route.pattern.startswith(
            (
                "admin/platforms/",
                "admin/exporters/",
                "admin/devices/",
                "admin/jobs/",
                "admin/search",
            )
        )
        api = route.pattern.startswith("api/v1/") and not route.pattern.endswith("/")
        if page or api:
            yield route


def try_parameters(prober: Prober, victim: Tenant) -> None:
    """Filter and search every list by what belongs to the victim; it must be like nothing."""
    numbers = {row.pk for row in victim.rows.values()}
    for route in list_routes():
        for name in NUMBERS:
            nothing = prober.ask("GET", f"{route.path()}?{name}={RANDOM_ID}")
            if _before_any_number(nothing):
                continue
            for number in _told_apart(name, numbers, victim, route):
                answer = prober.ask("GET", f"{route.path()}?{name}={number}")
                if _plain(answer, number) != _plain(nothing, number):
                    prober.leaks.append(f"{prober.caller} {route.path()}?{name}={number} differs")
        for name in SEARCHES:
            prober.ask("GET", f"{route.path()}?{name}={PIECE}")
        for query in ORDERS:
            prober.ask("GET", f"{route.path()}?{query}")


def _before_any_number(answer: Answer) -> bool:
    """Tell whether a name was refused: another number under it would not be looked at either.

    The API's one reader of queries (``Strict``) refuses names before it reads values, and what has
    no GET reads none. The admin says of a wrong name what it says of a wrong value: not here.
    """
    no_name = answer.status == 400 and f'["{NOT_KNOWN}"]' in answer.text
    return answer.status == 405 or no_name


def _told_apart(name: str, numbers: set[int], victim: Tenant, route: Route) -> list[int]:
    """Return the victim's numbers that make sense for a parameter."""
    if name == "id__in" and (page := MODEL.match(route.pattern)):
        # Of a page of shared rows none: by chance one of these can bear the same number.
        row = victim.rows.get(f"{page[1]}.{page[2]}")
        return [row.pk] if row is not None else []
    for word, label in (
        ("exporter", "exporters.exporter"),
        ("site", "platforms.site"),
        ("user", "platforms.user"),
        ("platform", "platforms.platform"),
        ("device", "devices.device"),
        ("line", "devices.device"),
        ("player", "exporters.player"),
        ("command", "devices.command"),
    ):
        if name.removeprefix("of_").startswith(word):
            return [victim.rows[label].pk]
    return sorted(numbers)[:1]


def _plain(answer: Answer, number: int) -> tuple[int, str]:
    """Return an answer without both numbers: links and hidden fields repeat the filter."""
    either = rf"(?<!\d)(?:{number}|{RANDOM_ID})(?!\d)"
    return answer.status, re.sub(either, "N", answer.text)


def try_autocomplete(prober: Prober) -> None:
    """Ask the autocomplete of every foreign key of every model, with a term of the victim's."""
    for model in [*tenant_models(), *site._registry]:
        for relation in model._meta.get_fields():
            if relation.is_relation and relation.concrete:
                prober.ask(
                    "GET",
                    f"/admin/autocomplete/?app_label={model._meta.app_label}"
                    f"&model_name={model._meta.model_name}&field_name={relation.name}&term={PIECE}",
                )


@dataclass
class Forms:
    """The forms that a caller finds on own rows, and what became of posting them."""

    prober: Prober
    own: Tenant
    victim: Tenant
    accepted: set[str] = field(default_factory=set)

    def try_all(self, pattern: str = "admin/.*") -> None:
        """Post each form as it should be, then with each link bent to the victim's row."""
        for route in routes():
            page = re.fullmatch(pattern, route.pattern)
            if page is None or not route.pattern.startswith("admin/"):
                continue
            if route.pattern.startswith("admin/password"):
                continue
            row = self.prober.world.row_of(self.own, route.model) if route.model else None
            path = route.path(row.pk if row is not None else "")
            # A new exporter has a form for each kind.
            kinds = KINDS if route.pattern == "admin/exporters/exporter/add/" else ()
            for each in [f"{path}?kind={kind}" for kind in kinds] or [path]:
                self._try(route, each)

    def _try(self, route: Route, path: str) -> None:
        form = self._form_at(path)
        if form is None:
            return
        honest = valid_data(form)
        answer = self.prober.ask("POST", path, honest, watch=self.victim)
        if answer.status == 302 or "secret" in answer.text:
            self.accepted.add(route.pattern)
        for name, number in self._bent(form).items():
            bent = self.prober.ask("POST", path, {**honest, name: number}, watch=self.victim)
            if bent.status == 302 and name in form.fields:
                self.prober.leaks.append(
                    f"{self.prober.caller} POST {path}: takes {name} of another platform"
                )

    def _form_at(self, path: str) -> forms.BaseForm | None:
        cache.clear()
        response = self.prober.world.callers[self.prober.caller].get(path)
        context = response.context
        if response.status_code != 200 or context is None:
            return None
        if "adminform" in context:
            form: forms.BaseForm = context["adminform"].form
            return form
        found = context.get("form")
        return found if isinstance(found, forms.BaseForm) else None

    def _bent(self, form: forms.BaseForm) -> dict[str, int]:
        """Return field name -> id of the victim's row, for links in the form and hidden ones."""
        rows = self.victim.rows
        bent = {
            "platform": rows["platforms.platform"].pk,
            "exporter": rows["exporters.exporter"].pk,
            "site": rows["platforms.site"].pk,
            "player": rows["exporters.player"].pk,
            "user": rows["platforms.user"].pk,
            "owner": rows["platforms.user"].pk,
        }
        for name, each in form.fields.items():
            if isinstance(each, forms.ModelChoiceField) and each.queryset is not None:
                label = each.queryset.model._meta.label_lower
                if label in self.prober.world.shared:
                    continue  # everybody may choose it
                bent[name] = self.prober.world.row_of(self.victim, label).pk
        return bent


def valid_data(form: forms.BaseForm) -> dict[str, Any]:
    """Return values that the form accepts: what it shows, else something of the field's sort."""
    data: dict[str, Any] = {}
    for name, each in form.fields.items():
        value = form[name].value()
        if value in (None, "", []):
            value = _made_up(name, each)
        if value is False or value is None:
            continue
        data[form.add_prefix(name)] = getattr(value, "pk", value)
    return data


def _made_up(name: str, each: forms.Field) -> Any:
    number = next(_number)
    match each:
        case forms.ModelChoiceField():
            first = each.queryset.first() if each.queryset is not None else None
            return first.pk if first is not None and each.required else None
        case forms.ChoiceField():
            return next((value for value, _label in _choices(each) if value), "")
        case forms.EmailField():
            return f"somebody{number}@example.test"
        case forms.BooleanField():
            return False
        case forms.GenericIPAddressField() | forms.DateTimeField() | forms.SplitDateTimeField():
            return None
    if "mac" in name or name == "addresses":
        return f"02:99:00:00:{number // 256:02X}:{number % 256:02X}"
    return f"made-up-{number}" if each.required else None


def _choices(each: Any) -> list[tuple[str, str]]:
    return list(each.choices)


def try_actions(prober: Prober, victim: Tenant) -> None:
    """Send every action of every list with the victim's rows chosen."""
    for model in site._registry:
        label = model._meta.label_lower
        if label not in victim.rows:
            continue
        path = f"/admin/{label.replace('.', '/')}/"
        cache.clear()
        context = prober.world.callers[prober.caller].get(path).context
        listed = (context or {}).get("action_form")
        names = {"delete_selected", "withdraw_chosen"}
        if listed is not None:
            names |= {value for value, _label in _choices(listed.fields["action"]) if value}
        for name in sorted(names):
            data = {"action": name, "_selected_action": [victim.rows[label].pk], "post": "yes"}
            for extra in ({"confirmed": "1"}, {"select_across": "1", "confirmed": "1"}):
                prober.ask("POST", path, {**data, **extra}, watch=victim)


def try_bodies(prober: Prober, own: Tenant, victim: Tenant) -> None:
    """Send the API bodies that name the victim's rows; none may be taken, nothing may change."""
    platform, exporter = victim.platform.pk, victim.rows["exporters.exporter"].pk
    site_pk = victim.rows["platforms.site"].pk
    mac = victim.rows["exporters.exportermac"].mac  # type: ignore[attr-defined]
    mine, my_mac = own.rows["exporters.exporter"].pk, own.rows["exporters.exportermac"].pk
    new = {"exporter_type": "cubic", "name": "bent"}
    theirs = {label: row.pk for label, row in victim.rows.items()}
    ours = {label: row.pk for label, row in own.rows.items()}
    device, my_device = theirs["devices.device"], ours["devices.device"]
    player, command = theirs["exporters.player"], theirs["devices.command"]
    wish = {"template": "status", "parameters": {}}
    socket = {"model": "simpal_d210", "name": "bent", "phone": "+79870000099"}
    channel = {"name": "bent", "kind": "mail", "recipients": ["bent@example.test"]}
    user = {"user_id": victim.people["user"].pk}
    for method, path, body in (
        ("POST", "/api/v1/exporters", {**new, "platform_id": platform}),
        ("PATCH", f"/api/v1/exporters/{mine}", {"platform_id": platform}),
        ("POST", "/api/v1/exporter-macs", {"exporter_id": exporter, "mac": "02:99:00:00:00:01"}),
        ("PATCH", f"/api/v1/exporter-macs/{my_mac}", {"exporter_id": exporter}),
        ("PATCH", f"/api/v1/exporter-macs/{my_mac}", {"platform_id": platform}),
        ("PATCH", f"/api/v1/exporter-macs/{my_mac}", {"site_id": site_pk}),
        ("POST", "/api/v1/exporter-macs/bulk", {"exporter_id": exporter, "macs": ["029900000002"]}),
        ("DELETE", "/api/v1/exporter-macs/bulk", {"exporter_id": exporter, "macs": [mac]}),
        ("POST", "/api/v1/devices", {**socket, "platform_id": platform}),
        ("POST", "/api/v1/devices", {**socket, "platform_id": own.platform.pk, "site_id": site_pk}),
        ("PATCH", f"/api/v1/devices/{my_device}", {"site_id": site_pk}),
        ("PATCH", f"/api/v1/devices/{device}", {"name": "bent"}),
        ("DELETE", f"/api/v1/devices/{device}", {}),
        ("POST", "/api/v1/commands", {**wish, "device_id": device}),
        ("POST", "/api/v1/commands/preview", {**wish, "device_id": device}),
        ("POST", "/api/v1/commands/bulk", {**wish, "device_ids": [device], "dry_run": True}),
        (
            *("POST", "/api/v1/commands/bulk"),
            {**wish, "device_ids": [my_device, device], "dry_run": False},
        ),
        ("POST", f"/api/v1/commands/{command}/cancel", {}),
        ("POST", f"/api/v1/commands/{command}/give-up", {"confirmed": True}),
        ("POST", "/api/v1/bindings", {"player_id": player, "device_id": my_device}),
        (
            *("POST", "/api/v1/bindings"),
            {"player_id": ours["exporters.player"], "device_id": device},
        ),
        ("DELETE", f"/api/v1/bindings/{theirs['devices.binding']}", {}),
        ("POST", "/api/v1/assignments", {"device_id": my_device, **user}),
        ("POST", "/api/v1/assignments", {"device_id": device, **user}),
        ("DELETE", f"/api/v1/assignments/{theirs['devices.assignment']}", {}),
        (
            *("POST", f"/api/v1/power-outages/{theirs['devices.poweroutage']}/close"),
            {"reason": "bent"},
        ),
        ("POST", "/api/v1/notification-channels", {**channel, "platform_id": platform}),
        ("POST", "/api/v1/notification-channels", {**channel, "platform_id": None}),
        (
            *("PATCH", f"/api/v1/notification-channels/{ours['platforms.notificationchannel']}"),
            {"platform_id": platform},
        ),
        (
            *("PATCH", f"/api/v1/notification-channels/{theirs['platforms.notificationchannel']}"),
            {"name": "bent"},
        ),
        ("POST", "/api/v1/pauses", {"device_id": device, "reason": "bent"}),
        ("POST", "/api/v1/pauses", {"platform_id": platform, "reason": "bent"}),
        ("POST", "/api/v1/pauses", {"reason": "bent"}),
        ("POST", f"/api/v1/pauses/{theirs['devices.pause']}/lift", {}),
        (
            *("PATCH", f"/api/v1/command-templates/{theirs['devices.commandtemplate']}"),
            {"withdrawn": True},
        ),
        (
            *("POST", "/api/v1/command-templates"),
            {
                "platform_id": platform,
                "model": "simpal_d210",
                "definition": definition("bent", "bent"),
            },
        ),
    ):
        headers = {"Idempotency-Key": "bent"}
        answer = prober.ask(method, path, body, watch=victim, headers=headers)
        if answer.status < 400:
            prober.leaks.append(f"{prober.caller} {method} {path}: {answer.status} for {body}")


def try_versions(prober: Prober, victim: Tenant) -> None:
    """Send the ETags of the victim's administrator: they must mean nothing to anybody else."""
    admin = Prober(prober.world, "alice" if victim.letter == "a" else "charlie")
    for path in ("/api/v1/exporter-macs", "/api/v1/platform-exporters"):
        theirs = _etag(admin.ask("GET", path).headers)
        assert theirs
        answer = prober.ask("GET", path, headers={"If-None-Match": theirs})
        if answer.status == 304 or _etag(answer.headers) == theirs:
            prober.leaks.append(f"{prober.caller} GET {path}: shares a version with {admin.caller}")


def _etag(headers: str) -> str:
    lines = (line.partition(": ") for line in headers.splitlines())
    return next((value for name, _mark, value in lines if name == "ETag"), "")
