"""Every address x method x caller x id, against the table routes.txt and against each other.

After a change of addresses: REMOSA_WRITE_ROUTES=1 pytest tests/tenancy/test_matrix.py -k table
writes the table anew. Read the difference: it is the list of who may do what.
"""

import inspect
import os
from collections import defaultdict

import pytest
from django.urls import get_resolver

from tests.tenancy.census import TABLE, columns, patterns, read_table, routes, twins
from tests.tenancy.probes import Prober, outsiders, probe_ids, probe_malformed
from tests.tenancy.world import SEES, World

HEAD = f"""\
# Who gets what: a column a caller, a line a method and an address, on the rows of platform A.
# A ROUTE THAT IS NOT HERE FAILS THE TESTS. After a change: see test_matrix.py, and read the diff.
#
# {", ".join(SEES)}
# (pages have no columns of tokens: a token opens none of them)
"""

# Who asks the API's twins with a slash at the end as well: one of each way to log in. For all the
# others the twin is what it is for these: the very same view.
ASK_TWINS = {"alice", "anonymous", "token:alice"}


def measured(prober: Prober) -> dict[tuple[str, str], set[int]]:
    """Ask every method of every address, with the ids of platform A's rows."""
    world = prober.world
    watched = outsiders(world).get(prober.caller)
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    left_out = set() if prober.caller in ASK_TWINS else twins()
    for route in routes():
        if route.pattern in left_out:
            continue
        number = world.row_of(world.a, route.model).pk if route.model else ""
        for method in route.methods:
            answer = prober.ask(method, route.path(number), watch=watched)
            found[route.place, method].add(answer.status)
    return found


def test_every_route_stands_in_the_table_and_no_other() -> None:
    wanted = {(route.place, method) for route in routes() for method in route.methods}
    assert set(read_table()) == wanted


def test_a_twin_with_a_slash_at_its_end_calls_the_very_view_without() -> None:
    views = dict(patterns(get_resolver().url_patterns))
    assert len(twins()) > 30
    for twin in twins():
        called = inspect.getclosurevars(inspect.unwrap(views[twin])).nonlocals
        assert called == {"view": views[twin.removesuffix("/")]}, twin


@pytest.mark.parametrize("caller", SEES)
def test_table_each_caller_gets_what_the_table_says(
    world: World, caller: str, caplog: pytest.LogCaptureFixture
) -> None:
    prober = Prober(world, caller)
    found = measured(prober)
    if "REMOSA_WRITE_ROUTES" in os.environ:
        note(caller, found)
        return
    for place, callers in read_table().items():
        if found[place] != {callers[caller]}:
            prober.leaks.append(f"{place}: {found[place]}, the table says {callers[caller]}")
    prober.leaks += [f"the log has {word}" for word in world.secret_words() if word in caplog.text]
    prober.verdict()


@pytest.mark.parametrize("caller", [name for name, seen in SEES.items() if seen is not None])
def test_a_foreign_id_is_a_random_one(world: World, caller: str) -> None:
    foreign = outsiders(world).get(caller)
    if foreign is None:
        assert caller == "token:exporter-all"  # it has business with every platform
        return
    prober = Prober(world, caller)
    for route in routes():
        # To a page a token is nobody, whatever the id; the API's twins with a slash stand in line.
        page = not route.pattern.startswith("api/")
        if route.model and ("token:" not in caller if page else route.place == route.pattern):
            probe_ids(prober, route, foreign)
    prober.verdict()


@pytest.mark.parametrize("caller", ["alice", "token:alice"])
def test_what_is_no_id_is_nobodys_row(world: World, caller: str) -> None:
    prober = Prober(world, caller)
    for route in routes():
        # The API's twins with a slash are the very views without: one of the two asks them.
        mine = route.place == route.pattern or caller == "token:alice"
        if route.model and mine and (caller == "alice" or route.pattern.startswith("api/")):
            probe_malformed(prober, route)
    prober.verdict()


def test_the_metrics_of_remosa_name_nobody(world: World) -> None:
    for tenant, caller in ((world.a, "alice"), (world.b, "charlie")):
        for label, row in tenant.rows.items():
            Prober(world, caller).ask("GET", f"/admin/{label.replace('.', '/')}/{row.pk}/change/")
    token = {"Authorization": "Bearer token-of-the-metrics-page"}
    answer = world.callers["anonymous"].get("/metrics", headers=token)
    assert answer.status_code == 200
    words = {*world.a.words, *world.b.words, *world.c.words, *world.secret_words()}
    assert [word for word in words if word in answer.content.decode()] == []


def note(caller: str, found: dict[tuple[str, str], set[int]]) -> None:
    """Write one caller's column into the table."""
    table = read_table()
    lines = [HEAD]
    for place, statuses in found.items():
        codes = {**dict.fromkeys(SEES, 0), **table.get(place, {}), caller: max(statuses)}
        text = " ".join(f"{codes[name]:3}" for name in columns(place))
        lines.append(f"{text}  {place[1]:7} /{place[0]}\n")
    TABLE.write_text("".join(lines))
