"""What A's people get is the same to the byte, whatever there is on other platforms."""

import pytest

from platforms.models import TokenKind, User
from tests import factories
from tests.tenancy.attacks import list_routes
from tests.tenancy.census import routes, twins
from tests.tenancy.probes import Answer, Prober
from tests.tenancy.world import Tenant, World, browser, build_tenant, shared_rows, token_client

QUERIES = ("", "q=canary", "search=canary", "of_platform=1", "platform_id=1", "o=-1", "page_size=1")


def everything(prober: Prober) -> dict[str, Answer]:
    """Return the answer to every GET: each list as it is and narrowed, each own row."""
    world = prober.world
    paths = [f"{route.path()}?{query}" for route in list_routes() for query in QUERIES]
    # Asked once: an empty query is none, and the API's twins with a slash are the views without.
    asked = {path: path.removesuffix("?") for path in paths}
    same = twins()
    for route in routes():
        path = route.path(world.row_of(world.a, route.model).pk if route.model else "")
        asked[path] = path.removesuffix("/") if route.pattern in same else path
    answers = {path: prober.ask("GET", path) for path in dict.fromkeys(asked.values())}
    return {path: answers[once] for path, once in asked.items()}


@pytest.mark.usefixtures("one_moment")
@pytest.mark.parametrize(
    ("caller", "answered"), [("admin", 356), ("viewer", 281), ("token", 107), ("machine", 15)]
)
def test_answers_do_not_depend_on_other_platforms(db: None, caller: str, answered: int) -> None:
    """As many as when this was written must be answered with 200: silence proves nothing."""
    alone = build_tenant("a")
    world = World(alone, alone, alone, User(), shared_rows(), {})
    world.callers["alice"] = {
        "admin": lambda: browser(alone.people["admin"]),
        "viewer": lambda: browser(alone.people["viewer"]),
        "token": lambda: token_client(TokenKind.USER, owner=alone.people["admin"]),
        "machine": lambda: token_client(TokenKind.EXPORTER, platform=alone.platform),
    }[caller]()
    earlier = Prober(world, "alice")
    before = everything(earlier)
    world.b, world.c = build_tenant("b"), _crowded("c")
    prober = Prober(world, "alice")
    after = everything(prober)
    prober.leaks += earlier.leaks
    prober.leaks += [path for path, answer in before.items() if after[path] != answer]
    assert sum(answer.status == 200 for answer in before.values()) >= answered
    prober.verdict()


def _crowded(letter: str) -> Tenant:
    """Build a platform that fills pages: what it holds must push nothing of A's off a page."""
    tenant = build_tenant(letter)
    exporter = factories.make_exporter(tenant.platform, "canary-c crowd")
    for number in range(120):
        factories.make_mac(exporter, f"02:33:00:01:00:{number:02X}", f"canary-c {number}")
        factories.make_site(tenant.platform, f"canary-c site {number}")
        factories.make_audit_entry(tenant.platform, f"canary-c audit {number}")
    return tenant
