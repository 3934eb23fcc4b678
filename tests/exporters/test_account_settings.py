"""What is told of a vendor account is checked in one place: types, needs, guards, secrets."""

from collections.abc import Mapping
from typing import Any

import pytest

from exporters.account_settings import Checked, Stored, changed
from exporters.kinds import KINDS
from tests.exporters.described_kind import DESCRIBED

ADDREALITY = KINDS["addreality"]
WHOLE = {"url": "https://a.test/v1", "field": "$.id"}
STORED = Stored(WHOLE, {"token": "t", "key": "k"})
ANEW = "Enter it anew: it is not sent to another server than the one it is for."


def change(stored: Stored = STORED, *, guard: bool = True, **changes: Any) -> Checked:
    return changed(DESCRIBED, stored, changes, may_guard=guard)


def problems(checked: Checked) -> Mapping[str, str]:
    return {name: str(text) for name, text in checked.problems.items()}


def test_a_new_account_holds_what_was_typed_and_nothing_that_was_left_empty() -> None:
    checked = changed(ADDREALITY, Stored(), {"api_token": " abc\n", "limit": None}, may_guard=False)
    assert (checked.settings, checked.secrets, checked.problems) == ({}, {"api_token": "abc"}, {})


def test_what_is_left_out_stays_and_what_is_empty_goes() -> None:
    stored = Stored({**WHOLE, "limit": 3, "online": ["a"]}, {"token": "t", "key": "k"})
    checked = change(stored, online=[], key="", limit=0)
    assert checked.problems == {}
    assert checked.settings == {**WHOLE, "limit": 0}
    assert checked.secrets == {"token": "t"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("limit", 10, "From 0 to 9."),
        ("limit", -1, "From 0 to 9."),
        ("limit", True, "This has to be a whole number."),
        ("limit", "5", "This has to be a whole number."),
        ("limit", 1.5, "This has to be a whole number."),
        ("mode", "other", "One of: each, list."),
        ("mode", ["each"], "One of: each, list."),
        ("field", 5, "This has to be a text."),
        ("field", "x" * 2001, "At most 2000 characters."),
        ("field", "a\x00b", "This holds a character that cannot be seen."),
        ("field", "$..", "field is no path"),
        ("field", " ", "This is needed."),
        ("online", "a", "This has to be a list of at most 200 texts."),
        ("online", [1], "This has to be a text."),
        ("token", "", "This is needed."),
        ("token", "a\nb", "This has to be a text on one line."),
        ("token", 5, "This has to be a text on one line."),
        ("nothing", 1, "This kind of exporter has no such setting."),
    ],
)
def test_a_value_that_is_not_right_is_told_at_its_name(name: str, value: Any, text: str) -> None:
    assert problems(change(**{name: value})) == {name: text}


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a.test/",
        "a.test",
        "https://user:word@a.test/",
        "https://a.test\\@b.test/",
        "https://a.test/#part",
        "https://a.test/ b",
        "https://ä.test/",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(address: str) -> None:
    assert list(problems(change(url=address, token="t", key="k"))) == ["url"]


def test_an_address_is_kept_from_who_is_no_superadmin() -> None:
    told = problems(change(guard=False, url="https://b.test/", token="t", key="k"))
    assert told == {"url": "Superadmins alone change this."}
    assert problems(change(guard=False, url="https://a.test/v1", limit=1)) == {}


def test_what_is_sent_to_the_same_server_may_change_without_the_secrets() -> None:
    assert (
        change(Stored({**WHOLE, "headers": ["A: 1"]}), headers=["A: 2"], token="t").problems == {}
    )
    told = problems(change(guard=False, headers=["A: 2"]))
    assert told == {"headers": "Superadmins alone change this."}


def test_who_may_enter_no_address_goes_on_without() -> None:
    checked = change(Stored(), guard=False, field="$..", token="t")
    assert (checked.problems, checked.settings) == ({}, {"field": "$.."})
    assert problems(change(Stored(), field="$.id", token="t")) == {"url": "This is needed."}


@pytest.mark.parametrize(
    ("address", "is_another"),
    [
        ("https://a.test/v2?x={id}", False),
        ("https://A.test", False),
        ("http://a.test/v1", True),
        ("https://a.test:444/v1", True),
        ("https://b.test/v1", True),
        (None, True),
    ],
)
def test_secrets_stay_with_the_server_they_were_typed_for(
    address: str | None, is_another: bool
) -> None:
    told = problems(change(url=address))
    assert {name for name, text in told.items() if text == ANEW} == (
        {"token", "key"} if is_another else set()
    )
    if address and is_another:
        checked = change(url=address, token="new", key=None)
        assert (checked.problems, checked.secrets) == ({}, {"token": "new"})


def test_secrets_that_cannot_be_opened_stay_sealed_until_one_is_typed() -> None:
    sealed = Stored(WHOLE, None)
    assert (change(sealed, limit=1).problems, change(sealed, limit=1).secrets) == ({}, None)
    assert change(sealed, token="new").secrets == {"token": "new"}
    assert problems(change(sealed, key="new")) == {"token": "This is needed."}
    assert problems(change(sealed, url="https://b.test")) == {"token": ANEW, "key": ANEW}


def test_with_players_it_stays_how_they_come_to_be_known() -> None:
    changes = {"mode": "list", "limit": 5}
    turned = changed(DESCRIBED, STORED, changes, may_guard=True, has_players=True)
    assert problems(turned) == {"mode": "With players this never changes. Make another exporter."}
    assert changed(DESCRIBED, STORED, changes, may_guard=True).problems == {}


def test_no_text_of_it_shows_a_secret() -> None:
    checked = change(token="canary", key="canary")
    shown = repr((checked, Stored({}, {"token": "canary"})))
    assert "canary" not in shown
