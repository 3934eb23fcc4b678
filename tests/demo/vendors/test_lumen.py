"""The simulated Lumen CMS as a process: a list two levels down, and one screen by its MAC."""

import json
import time
from urllib.parse import quote

import pytest

from demo.vendors.lumen import identity_of, mac_of
from demo.world import COMPANIES, screens
from tests.demo.vendor_process import Vendor, running_vendor


def test_its_answer_is_nested_and_says_how_many_there_are(vendor: Vendor) -> None:
    status, answer = vendor.ask_lumen("?page[size]=3")
    assert status == 200
    assert list(answer) == ["result"]
    assert answer["result"]["total"] == 40
    first = answer["result"]["screens"][0]
    expected = screens()[0]
    assert (first["uid"], first["title"]) == ("LM-0001", expected.name)
    assert first["state"] == {"code": "UP"}
    assert first["net"] == {"lan": expected.ip, "mac": "02:4C:4D:00:00:01"}


@pytest.mark.parametrize(
    "form", ["?page[size]={}&page[offset]={}", "?page%5Bsize%5D={}&page%5Boffset%5D={}"]
)
def test_pages_follow_each_other(vendor: Vendor, form: str) -> None:
    pages = [
        [screen["uid"] for screen in vendor.ask_lumen(form.format(15, at))[1]["result"]["screens"]]
        for at in (0, 15, 30, 45)
    ]
    assert [len(page) for page in pages] == [15, 15, 10, 0]
    assert [uid for page in pages for uid in page] == [screen.identity for screen in screens()]
    assert len(vendor.ask_lumen("")[1]["result"]["screens"]) == 25


def test_one_screen_is_found_by_its_mac_in_any_spelling(vendor: Vendor) -> None:
    for spelling in ("02:4C:4D:00:00:07", "024c4d000007", quote("02-4C-4D-00-00-07")):
        status, answer = vendor.ask_lumen(f"/by-mac/{spelling}")
        assert status == 200
        assert [screen["uid"] for screen in answer["result"]["screens"]] == ["LM-0007"]
    for unknown in ("02:4C:4D:00:99:99", "06:42:40:92:60:B4", "LM-0007", "02:4C:4D:00:0z:07"):
        assert vendor.ask_lumen(f"/by-mac/{unknown}")[0] == 404


@pytest.mark.parametrize(("token", "status"), [("wrong", 401), (COMPANIES[0].token("lumen"), 200)])
def test_a_token_opens_its_own_platforms_list_alone(
    vendor: Vendor, token: str, status: int
) -> None:
    answered, answer = vendor.ask_lumen("", token=token)
    assert answered == status
    assert "error" in answer or answer["result"] == {"screens": [], "total": 0}
    assert vendor.ask_lumen("/by-mac/02:4C:4D:00:00:01", token=token)[0] in (401, 404)


def test_a_bare_token_is_no_bearer_token(vendor: Vendor) -> None:
    headers = {"Authorization": COMPANIES[1].token("lumen")}
    assert vendor.request("GET", "/lumen/v2/screens", headers=headers)[0].status == 401


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("POST", "", 405), ("GET", "/elsewhere", 404), ("GET", "?page[size]=many", 400)],
)
def test_it_refuses_what_it_does_not_have(
    vendor: Vendor, method: str, target: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {COMPANIES[1].token('lumen')}"}
    answer, body = vendor.request(method, f"/lumen/v2/screens{target}", headers=headers)
    assert answer.status == status
    assert json.loads(body)["error"]["code"] == status


def test_its_codes_are_up_down_and_rebooting() -> None:
    with running_vendor("--latency=0", "--errors=0", "--speed=40") as vendor:

        def code() -> str:
            found = vendor.ask_lumen("/by-mac/02:4C:4D:00:00:01")[1]["result"]["screens"]
            return str(found[0]["state"]["code"])

        assert code() == "UP"
        vendor.tell("power-cycle", of="lumen", uid="LM-0001")
        seen: list[str] = []
        deadline = time.monotonic() + 10
        while code() != "UP" or not seen:
            if (now := code()) not in seen:
                seen.append(now)
            assert time.monotonic() < deadline
        assert seen[:2] == ["DOWN", "REBOOTING"]


def test_it_fails_as_the_others_do(vendor: Vendor) -> None:
    vendor.tell("fault", of="lumen", fault="odd_status")
    found = vendor.ask_lumen("")[1]["result"]["screens"]
    assert {screen["state"]["code"] for screen in found} == {"REBOOTING"}
    vendor.tell("fault", of="lumen", fault="http_500", platforms=[COMPANIES[1].name])
    assert vendor.ask_lumen("")[0] == 500
    vendor.tell("start", of="lumen")
    vendor.tell("paging", of="lumen", mode="ignores_offset")
    first = vendor.ask_lumen("?page[offset]=20")[1]["result"]["screens"][0]
    assert first["uid"] == "LM-0001"


@pytest.mark.parametrize("number", [1, 40, 255, 256, 9001])
def test_a_mac_leads_back_to_its_screen(number: int) -> None:
    assert identity_of(mac_of(f"LM-{number:04}")) == f"LM-{number:04}"
