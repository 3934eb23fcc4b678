"""The page on kinds: its example does what it says, and no kind is left out."""

import json
import re
from typing import Any

from exporters.kinds import KINDS
from exporters.kinds.json_settings import SETTINGS
from exporters.kinds.shape import Account, Listing, Reading, SettingType, Status
from tests.environment_names import ROOT

PAGE = (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")
EXAMPLE = PAGE[PAGE.index("### A vendor described as JSON") :]


def told() -> dict[str, Any]:
    """Return the settings of the example as a form would store them."""
    rows = dict(re.findall(r"^\| [^|]+ \| `(\w+)` \| `([^|]+)` \|$", EXAMPLE, re.MULTILINE))
    types = {each.name: each.type for each in SETTINGS}
    read = {SettingType.WHOLE: int, SettingType.WORDS: lambda text: [text]}
    return {name: read.get(types[name], str)(text) for name, text in rows.items()}  # type: ignore[operator]


def test_the_example_reads_as_the_page_says() -> None:
    way = KINDS["json"].open(Account("", {**told(), "secret": "t0ken"}))
    assert isinstance(way, Listing)
    request = way.ask(100, 1)
    assert request.url == "https://screens.example/api/list?from=100&count=100"
    assert "Authorization: Bearer t0ken" in request.headers
    answer = re.search(r"```json\n(.*?)```", EXAMPLE, re.DOTALL)
    assert answer is not None
    json.loads(answer[1])
    page = way.read(answer[1].encode())
    readings: dict[str, Reading] = dict(page.readings)
    assert {name: each.status for name, each in readings.items()} == {
        "S-1": Status.ONLINE,
        "S-2": Status.OFFLINE,
        "S-3": Status.UNKNOWN,
    }
    assert readings["S-1"].info == {"ip": "10.0.0.7", "name": "Lobby"}
    assert (readings["S-3"].said, page.rejected) == ("REBOOTING", 1)


def test_the_table_has_every_setting_that_a_list_needs() -> None:
    for setting in SETTINGS:
        if setting.required:
            assert setting.name in told()


def test_every_kind_has_its_paragraph_with_its_labels_and_values() -> None:
    for kind in KINDS.values():
        (paragraph,) = re.findall(
            rf"^\*\*{kind.title}\*\* \(`{kind.name}`\)\..*?\n\n", PAGE, re.MULTILINE | re.DOTALL
        )
        for name in (kind.identity, *kind.info_labels, *(each.name for each in kind.values)):
            assert f"`{name}`" in paragraph, f"say what {name} of {kind.name} is"


def test_the_commands_that_the_page_counts_on_are_there() -> None:
    commands = ROOT / "exporters" / "process" / "management" / "commands"
    for kind in KINDS:
        assert (commands / f"run_{kind}_exporter.py").exists()
