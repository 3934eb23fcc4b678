"""The secrets of vendor accounts: people write them, the exporter they are for alone reads them."""

import pytest

from platforms.models import TokenKind
from tests.tenancy.census import routes, twins
from tests.tenancy.world import VENDOR_TOKEN, World, token_client, vendor_token

PLACE = "/api/v1/platform-exporters"


@pytest.mark.parametrize("kind", ["addreality", "json", "cubic"])
@pytest.mark.parametrize("letters", ["a", "b", "abc"])
def test_a_process_reads_those_of_its_kind_and_platforms_at_one_address(
    world: World, kind: str, letters: str
) -> None:
    tenant = {"a": world.a, "b": world.b}.get(letters)
    limited = {} if tenant is None else {"platform": tenant.platform}
    client = token_client(TokenKind.EXPORTER, exporter_kind=kind, **limited)
    own = [] if kind == "cubic" else [vendor_token(letter, kind) for letter in letters]
    seen = client.get(PLACE).content.decode()
    assert [word for word in own if word not in seen] == []
    assert seen.count(VENDOR_TOKEN) == len(own)
    for query in ("?exporter_type=addreality", "?exporter_type=json", "?platform_id=1"):
        assert client.get(PLACE + query).content.decode().count(VENDOR_TOKEN) <= len(own)
    same = twins()  # the very views without a slash
    for route in routes():
        if route.pattern in same:
            continue
        path = route.path(world.row_of(world.a, route.model).pk if route.model else "")
        if path.rstrip("/") != PLACE:
            assert VENDOR_TOKEN not in b"".join(client.get(path)).decode(errors="replace")


def test_the_pages_of_these_exporters_show_them_to_nobody(world: World) -> None:
    """The other tests open the page of a cubic exporter; these have the boxes of secrets."""
    for tenant in (world.a, world.b):
        for exporter in tenant.platform.exporters.exclude(kind="cubic"):
            for name, client in world.callers.items():
                for path in (
                    f"/admin/exporters/exporter/{exporter.pk}/change/",
                    f"/admin/exporters/exporter/{exporter.pk}/delete/",
                    f"/api/v1/exporters/{exporter.pk}",
                ):
                    answer = client.get(path)
                    told = b"".join(answer).decode(errors="replace")
                    assert VENDOR_TOKEN not in told, (name, path)
                    foreign = world.foreign_words(name)
                    assert [word for word in foreign if word in told] == [], (name, path)
