"""The exporter process under the faults of its vendor and of Remosa: what is served then.

A vendor's failure takes status samples away; nothing ever turns it into `offline`.
"""

import time
from collections.abc import Callable

import pytest

from tests.exporters.process import web
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Handler, Remosa, Vendor, Web, mac

A, B, C = mac(1), mac(2), mac(3)


def code_500(handler: Handler) -> None:
    handler.send(500, b"<html>Internal Server Error</html>", Content_Type="text/html")


def page(handler: Handler) -> None:
    handler.send(200, b"<!doctype html><html>Please log in</html>", Content_Type="text/html")


def wrong_json(handler: Handler) -> None:
    handler.send(200, b'{"players": []}')


def ten_megabytes(handler: Handler) -> None:
    handler.send(200, b"[" + b" " * 10_000_000 + b"]")


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")


def byte_by_byte(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(web.OFFLINE)))
    handler.end_headers()
    for at in range(len(web.OFFLINE)):
        handler.wfile.write(web.OFFLINE[at : at + 1])
        time.sleep(0.3)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def cut_short(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(web.OFFLINE)))
    handler.end_headers()
    handler.wfile.write(web.OFFLINE[:20])
    handler.close_connection = True


def redirect(handler: Handler) -> None:
    handler.send(302, b"", Location="/status?mac=elsewhere")


FAULTS: dict[str, tuple[Callable[[Handler], None], str]] = {
    "500": (code_500, "http_5xx"),
    "hangs": (web.hang, "timeout"),
    "HTML": (page, "malformed"),
    "wrong JSON": (wrong_json, "malformed"),
    "10 MB": (ten_megabytes, "too_large"),
    "endless": (endless, "too_large"),
    "byte by byte": (byte_by_byte, "timeout"),
    "hangs up": (hang_up, "disconnected"),
    "cut short": (cut_short, "disconnected"),
    "redirect": (redirect, "redirect"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_takes_statuses_away_and_never_says_offline_when_the_vendor_fails(
    fault: str, exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [A, B, C]})
    behaviour, reason = FAULTS[fault]
    with exporter(MAX_AGE="2") as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1, C: 1})
        vendor_web.behaviour = behaviour
        seen: set[float] = set()

        def is_gone() -> bool:
            seen.update(process.statuses().values())
            return not process.statuses()

        process.until(is_gone)
        process.until(lambda: process.value("remosa_exporter_source_up") == 0)
        assert seen <= {1}
        assert (process.value("remosa_exporter_source_errors_total", reason=reason) or 0) >= 3
        assert process.reasons() == {}  # the source is down: no device is to blame
        assert process.value("remosa_exporter_source_devices", state="stale") == 3
        # What the vendor told last stands on the info series for as long as the device is listed.
        assert len(process.samples("remosa_exporter_cubic_device_info")) == 3
        vendor_web.behaviour = vendor
        process.until(lambda: process.statuses() == {A: 1, B: 1, C: 1})


def test_it_stays_within_its_memory_when_every_answer_is_500_megabytes(
    exporter: RunExporter, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 21)]})
    with exporter(MAX_AGE="2") as process:
        process.until(lambda: len(process.statuses()) == 20)
        before = process.resident()

        def half_a_gigabyte(handler: Handler) -> None:
            handler.send_response(200)
            handler.end_headers()
            for _number in range(500):
                handler.wfile.write(b" " * 1_000_000)

        vendor_web.behaviour = half_a_gigabyte
        process.until(lambda: process.value("remosa_exporter_source_up") == 0)
        process.until(lambda: process.statuses() == {})
        assert process.resident() - before <= 32 * 1024 * 1024


ODD_ANSWERS = [
    (b"[]", "not_found"),
    (b'[{"status": "rebooting", "name": "A"}]', "odd_status"),
    (b'[{"state": "offline"}]', "odd_status"),
    (b'[{"status": false}]', "odd_status"),
    (b'[{"status": "offline"}, {"status": "offline"}]', "duplicate"),
]


@pytest.mark.parametrize(("answer", "reason"), ODD_ANSWERS)
def test_it_says_at_once_why_one_device_is_unknown(
    answer: bytes, reason: str, exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A, B, C]})
    with exporter(MAX_AGE="600") as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1, C: 1})
        vendor.bodies[B] = answer
        process.until(lambda: process.reasons() == {B: reason})
        assert process.statuses() == {A: 1, C: 1}
        assert process.value("remosa_exporter_source_up") == 1
        vendor.bodies[B] = web.OFFLINE
        process.until(lambda: process.statuses() == {A: 1, B: 0, C: 1})
        assert process.reasons() == {}


def test_it_keeps_a_status_through_a_short_failure_of_one_device(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A, B, C]})
    with exporter(MAX_AGE="4") as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1, C: 1})
        vendor.bodies[B] = b"<html>"
        process.until(lambda: (process.value("remosa_exporter_source_errors_total",
                                             reason="malformed") or 0) >= 1)  # fmt: skip
        assert process.statuses() == {A: 1, B: 1, C: 1}
        process.until(lambda: process.reasons() == {B: "malformed"})
        assert process.statuses() == {A: 1, C: 1}
        assert process.value("remosa_exporter_source_devices", state="stale") == 1


def test_a_status_grows_too_old_while_its_poll_is_still_hanging(
    exporter: RunExporter, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [A]})
    with exporter(MAX_AGE="2", TIMEOUT="60") as process:
        process.until(lambda: process.statuses() == {A: 1})
        vendor_web.behaviour = web.hang
        process.until(lambda: process.statuses() == {}, seconds=4)
        assert process.value("remosa_exporter_source_up") == 1  # the last poll that ended was good
        assert process.reasons() == {A: "stale"}


def test_one_exporter_is_not_held_up_by_another_whose_answers_hang(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [mac(number) for number in range(10, 40)], 5: [A, B]})

    def hang_for_exporter_4(handler: Handler) -> None:
        if handler.query["mac"] in (A, B):
            vendor(handler)
        else:
            web.hang(handler)

    vendor_web.behaviour = hang_for_exporter_4
    with exporter(MAX_CONCURRENCY="10", TIMEOUT="20") as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        asked = vendor.asked[A]
        process.until(lambda: vendor.asked[A] >= asked + 3, seconds=6)


def test_the_same_mac_may_stand_in_two_exporters_but_not_twice_in_one(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [A, A, B], 5: [A]})
    with exporter() as process:
        process.until(lambda: len(process.samples("remosa_exporter_cubic_device_status")) == 3)
        process.until(lambda: "twice in one exporter" in process.log)
        assert f"{A} of exporter 4" in process.get("/")[1]
