"""The process and its Remosa: lists that change, settings of the admin, a Remosa that is away."""

import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.exporters.process import web
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Handler, Remosa, Vendor, Web, mac

A, B = mac(1), mac(2)
DEVICE_INFO = "remosa_exporter_cubic_device_info"


def test_a_new_mac_is_asked_for_without_waiting_for_the_next_poll(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A]})
    with exporter(POLL_INTERVAL="3600") as process:
        process.until(lambda: process.statuses() == {A: 1})
        remosa.set({4: [A, B]})
        process.until(lambda: process.statuses() == {A: 1, B: 1}, seconds=25)
        remosa.set({4: [B]})
        process.until(lambda: process.statuses() == {B: 1}, seconds=25)
        assert len(process.samples(DEVICE_INFO)) == 1
    assert vendor.asked == {A: 1, B: 1}


def test_a_disabled_exporter_is_asked_nothing_more(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A], 5: [B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        remosa.entries[0]["enabled"] = False
        # Its addresses may still be listed: the two lists are read one after the other.
        remosa.version += 1
        process.until(lambda: process.statuses() == {B: 1}, seconds=25)
        asked = vendor.asked[A]
        process.until(lambda: vendor.asked[B] > asked + 3)
        assert vendor.asked[A] == asked


def test_what_the_admin_sets_holds_unless_the_environment_says_otherwise(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [A]}, poll_interval=7, timeout=3, max_concurrency=9)
    with exporter(POLL_INTERVAL="", TIMEOUT="2.5") as process:
        process.until(
            lambda: (
                "every 7 s, 9 at once, timeout 2.5 s, a status counts for 21 s"
                in process.get("/")[1]
            )
        )


def test_values_of_the_admin_that_make_no_sense_leave_the_defaults(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [A]}, poll_interval=-1, timeout="soon", max_concurrency=None)
    with exporter(POLL_INTERVAL="", TIMEOUT="") as process:
        process.until(
            lambda: (
                "every 30 s, 50 at once, timeout 10 s, a status counts for 90 s"
                in process.get("/")[1]
            )
        )


def test_it_goes_on_with_the_last_list_while_remosa_is_away(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        remosa.code = 500
        process.until(lambda: "Remosa answered HTTP 500: Not now." in process.log, seconds=25)
        asked = vendor.asked[A]
        process.until(lambda: vendor.asked[A] > asked + 1)
        assert process.statuses() == {A: 1, B: 1}
        assert "Remosa answered HTTP 500" in process.get("/")[1]
        remosa.code = 200
        process.until(lambda: "gives the device list again" in process.log, seconds=25)
        assert process.log.count("Remosa answered HTTP 500: Not now.; going on") == 1


def test_a_list_that_is_cut_short_is_not_believed(
    exporter: RunExporter, remosa: Remosa, remosa_web: Web
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})

        def cut(handler: Handler) -> None:
            handler.send(200, b'[{"platform_id": 1, "exporter_id": 4, "mac": "' + A.encode())

        remosa_web.behaviour = cut
        process.until(lambda: "cut short or no JSON" in process.log, seconds=25)
        assert process.statuses() == {A: 1, B: 1}


def test_after_a_restart_without_a_network_it_knows_its_devices_but_no_status(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        assert process.stop()[0] == 0
    vendor_web.behaviour = web.hang
    remosa.code = 503
    with exporter() as process:
        process.until(lambda: len(process.samples(DEVICE_INFO)) == 2)
        assert process.statuses() == {}
        assert process.get("/-/ready")[0] == 200
        process.until(lambda: process.value("remosa_exporter_source_up") == 0)
        assert process.statuses() == {}
        fetched = process.value("remosa_exporter_device_list_last_success_timestamp_seconds")
        assert fetched is not None
        assert time.time() - 60 < fetched < time.time()
        vendor_web.behaviour = vendor
        process.until(lambda: process.statuses() == {A: 1, B: 1})


def test_without_any_list_it_is_healthy_but_not_ready(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.code = 503
    with exporter() as process:
        assert process.get("/-/healthy")[0] == 200
        process.until(lambda: "HTTP 503" in process.get("/-/ready")[1])
        assert process.get("/-/ready")[0] == 503


def test_a_refused_token_is_named_and_never_shown(exporter: RunExporter, remosa: Remosa) -> None:
    with exporter(REMOSA_API_TOKEN="wrong-token-4711", DEBUG_MODE="1") as process:
        process.until(lambda: "check REMOSA_API_TOKEN" in process.log)
        pages = process.get("/")[1] + process.text() + process.get("/-/ready")[1]
        assert "wrong-token-4711" not in process.log + pages
    assert "refuses the token" in process.log


def test_the_token_does_not_follow_a_redirect(exporter: RunExporter, remosa_web: Web) -> None:
    heard = []

    def elsewhere(handler: Handler) -> None:
        heard.append(handler.path)
        handler.send(200, b"[]")

    with web.serving(elsewhere) as other:
        remosa_web.behaviour = lambda handler: handler.send(307, b"", Location=other.url + "/api")
        with exporter() as process:
            process.until(lambda: "redirect" in process.log)
    assert heard == []


def test_it_announces_itself_with_the_port_it_listens_at(
    exporter: RunExporter, remosa: Remosa
) -> None:
    with exporter(EXPORTER_INSTANCE="cubic-7", EXPORTER_ADVERTISE_HOST="exporter.lan") as process:
        process.until(lambda: bool(remosa.announced))
        port = urlsplit(process.url).port
    assert remosa.announced[0] == {
        "kind": "cubic", "instance": "cubic-7", "port": port, "host": "exporter.lan",
        "version": "0.1.0",
    }  # fmt: skip
