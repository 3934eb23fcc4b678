"""A secret that comes back from a vendor: found in whatever way servers write it."""

import json
from urllib.parse import quote

import pytest

from exporters.kinds.echoes import MASK, forms, without

SECRET = 'canary-t0ken/+"é='


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")
        .replace("%22", "%22").replace("%C3%A9", "%c3%a9"),
    ],
)  # fmt: skip
def test_it_is_found_as_servers_write_it(written: str) -> None:
    assert without(f"a {written} b {written}", forms([SECRET])) == f"a {MASK} b {MASK}"


def test_one_secret_within_another_leaves_no_rest() -> None:
    assert without("token-long", forms(["token", "token-long"])) == MASK


def test_a_secret_of_three_letters_would_be_found_everywhere() -> None:
    assert without("the cat", forms(["cat"])) == "the cat"
