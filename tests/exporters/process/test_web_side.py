"""The process' own web side as a whole: TLS, who may read, reload by signal."""

import base64
import http.client
import signal
import socket
import ssl
import threading
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import pytest

from tests.exporters.process.certificates import Authority
from tests.exporters.process.child import Exporter
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Remosa, mac

ALICE = "Basic " + base64.b64encode(b"alice:word").decode()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    (tmp_path / "pki").mkdir()
    return Authority(tmp_path / "pki")


@pytest.fixture
def web_config(tmp_path: Path, authority: Authority) -> Path:
    """Alone TLS; a test may write more into it."""
    cert, key = authority.issue("exporter.example")
    file = tmp_path / "web.yml"
    file.write_text(f"tls_server_config:\n  cert_file: {cert}\n  key_file: {key}\n")
    return file


def users() -> str:
    hashed = bcrypt.hashpw(b"word", bcrypt.gensalt(4)).decode()
    return f"basic_auth_users: {{alice: '{hashed}'}}\n"


def address(process: Exporter) -> tuple[str, int]:
    return ("127.0.0.1", urlsplit(process.url).port or 0)


def serial(process: Exporter, authority: Authority) -> object:
    """Return which certificate the process shows."""
    plain = socket.create_connection(address(process), timeout=5)
    with authority.trusting().wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        return (secure.getpeercert() or {}).get("serialNumber")


def reload(process: Exporter, until: str = "Reloaded: ") -> None:
    before = process.log.count(until)
    process.process.send_signal(signal.SIGHUP)
    process.until(lambda: process.log.count(until) > before)


def test_it_serves_by_tls_what_it_serves_without(
    exporter: RunExporter, remosa: Remosa, web_config: Path, authority: Authority
) -> None:
    remosa.set({4: [mac(1)]})
    with web_config.open("a") as file:
        file.write("  min_version: TLS13\n")
    with exporter(f"--web.config.file={web_config}") as process:
        process.trust = authority.trusting()
        assert process.url.startswith("https://")
        process.until(lambda: process.statuses() == {mac(1): 1})
        assert "HTTPS, certificate of exporter.example, 127.0.0.1, until" in process.get("/")[1]
        with socket.create_connection(address(process), timeout=5) as plain:
            plain.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"HTTP" not in plain.recv(100)
        old = authority.trusting()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        plain = socket.create_connection(address(process), timeout=5)
        with plain, pytest.raises(OSError, match=r"(?i)version|reset|EOF"):
            old.wrap_socket(plain, server_hostname="127.0.0.1")
        assert "Traceback" not in process.log


def test_it_tells_remosa_that_it_is_scraped_by_https(
    exporter: RunExporter, remosa: Remosa, web_config: Path
) -> None:
    with exporter(WEB_CONFIG_FILE=str(web_config)) as process:
        process.until(lambda: bool(remosa.announced))
    assert remosa.announced[0]["scheme"] == "https"
    with exporter() as process:
        process.until(lambda: len(remosa.announced) > 1)
    assert "scheme" not in remosa.announced[-1]


def test_clients_show_a_certificate_where_one_is_demanded(
    exporter: RunExporter, web_config: Path, authority: Authority
) -> None:
    with web_config.open("a") as file:
        file.write(f"  client_ca_file: {authority.file}\n")
        file.write("  client_auth_type: RequireAndVerifyClientCert\n")
    with exporter(WEB_CONFIG_FILE=str(web_config)) as process:
        process.trust = authority.trusting(authority.issue("prometheus"))
        assert process.get("/-/healthy")[0] == 200
        process.trust = authority.trusting()
        with pytest.raises(OSError, match=r"(?i)certificate required|reset|EOF|closed"):
            process.get("/-/healthy")


def test_name_and_password_or_the_token_open_the_pages_and_health_needs_neither(
    exporter: RunExporter, tmp_path: Path
) -> None:
    (tmp_path / "web.yml").write_text(users())
    (tmp_path / "token").write_text("t0ken\n")
    settings = {"METRICS_TOKEN_FILE": str(tmp_path / "token")}
    with exporter("--web.config.file", str(tmp_path / "web.yml"), **settings) as process:
        assert [process.get(path)[0] for path in ("/metrics", "/", "/-/healthy")] == [401, 401, 200]
        for proof in (ALICE, "Bearer t0ken"):
            process.headers = {"Authorization": proof}
            assert [process.get(path)[0] for path in ("/metrics", "/", "/x")] == [200, 200, 404]
        assert "a name and its password or the bearer of METRICS_TOKEN" in process.get("/")[1]
        process.headers = {"Authorization": ALICE + "x"}
        assert process.get("/metrics")[0] == 401
    assert "t0ken" not in process.log
    assert "$2b$" not in process.log


def test_sighup_takes_new_certificates_and_ends_connections_that_saw_the_old_ones(
    exporter: RunExporter, web_config: Path, authority: Authority
) -> None:
    with exporter(WEB_CONFIG_FILE=str(web_config)) as process:
        process.trust = authority.trusting()
        first = serial(process, authority)
        kept = http.client.HTTPSConnection(*address(process), timeout=5, context=process.trust)
        kept.request("GET", "/-/healthy")
        assert kept.getresponse().read()
        authority.issue("exporter.example", timedelta(days=5))
        assert serial(process, authority) == first
        reload(process)
        assert serial(process, authority) != first
        assert kept.sock is not None
        kept.sock.settimeout(3)
        with pytest.raises((ConnectionError, ssl.SSLError, http.client.BadStatusLine)):
            kept.request("GET", "/-/healthy")
            kept.getresponse()
        kept.close()
        assert process.get("/-/healthy")[0] == 200


def test_a_reload_with_a_mistake_changes_nothing_and_says_so(
    exporter: RunExporter, web_config: Path, authority: Authority, tmp_path: Path
) -> None:
    with web_config.open("a") as file:
        file.write(users())
    (tmp_path / ".env").write_text(f"WEB_CONFIG_FILE={web_config}\nLOG_LEVEL=info\n")
    with exporter() as process:
        process.trust, process.headers = authority.trusting(), {"Authorization": ALICE}
        first = serial(process, authority)
        good = web_config.read_text()
        mistakes = (
            ("basic_auth_users: {alice: plain}", ".env as it was", "is no bcrypt hash"),
            (good.replace(".key", ".crt"), "", "holds no private key in PEM"),
            (good, "LOG_LEVEL=loud\n", "LOG_LEVEL: 'loud' cannot be used"),
        )
        for content, more, told in mistakes:
            web_config.write_text(content)
            (tmp_path / ".env").write_text(f"WEB_CONFIG_FILE={web_config}\n{more}")
            reload(process, "Not reloaded, what held before goes on: ")
            assert told in process.log
            assert process.get("/")[0] == 200
            assert serial(process, authority) == first
        web_config.unlink()
        reload(process, "Not reloaded")
        process.headers = {}
        assert process.get("/metrics")[0] == 401


def test_a_reload_changes_passwords_token_level_and_even_tls(
    exporter: RunExporter, web_config: Path, authority: Authority, tmp_path: Path
) -> None:
    token, env = tmp_path / "token", tmp_path / ".env"
    token.write_text("one")
    env.write_text(f"METRICS_TOKEN_FILE={token}\nPLATFORM_ID=1\n")
    with exporter() as process:
        process.headers = {"Authorization": "Bearer one"}
        assert process.get("/metrics")[0] == 200
        token.write_text("two")
        assert process.get("/metrics")[0] == 200
        env.write_text(
            f"METRICS_TOKEN_FILE={token}\nWEB_CONFIG_FILE={web_config}\nLOG_LEVEL=warning\n"
            "PLATFORM_ID=2\n"
        )
        reload(process, "PLATFORM_ID has changed, which takes effect with a restart")
        assert "Prometheus learns of https within" in process.log
        process.url = process.url.replace("http:", "https:")
        process.trust = authority.trusting()
        assert process.get("/metrics")[0] == 401
        process.headers = {"Authorization": "Bearer two"}
        assert process.get("/metrics")[0] == 200
        env.write_text("LOG_LEVEL=info\n")
        reload(process)
        process.url, process.headers = process.url.replace("https:", "http:"), {}
        assert process.get("/metrics")[0] == 200


def test_the_log_level_follows_a_file_at_sighup_and_sigusr1_toggles_debug(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [mac(1)]})
    level = tmp_path / "level"
    level.write_text("info\n")

    def tells_of_requests() -> bool:
        lines = process.log.count(" debug ")
        time.sleep(2.5)  # of a poll a second
        return process.log.count(" debug ") > lines

    with exporter(LOG_LEVEL_FILE=str(level)) as process:
        process.until(lambda: process.statuses() == {mac(1): 1})
        assert not tells_of_requests()
        level.write_text("debug\n")
        reload(process)
        assert "log level debug" in process.log
        assert tells_of_requests()
        process.process.send_signal(signal.SIGUSR1)
        process.until(lambda: "Debug is off" in process.log)
        assert not tells_of_requests()
        process.process.send_signal(signal.SIGUSR1)
        process.until(lambda: "Debug is on" in process.log)
        assert tells_of_requests()
        level.write_text("warning\n")
        reload(process)
        assert not tells_of_requests()


def test_signals_in_a_row_and_while_it_starts_do_not_end_it(exporter: RunExporter) -> None:
    with exporter() as process:
        for _turn in range(200):
            process.process.send_signal(signal.SIGHUP)
            process.process.send_signal(signal.SIGUSR1)

        def reloaded() -> bool:
            # The first ones may have come before it listens to them.
            process.process.send_signal(signal.SIGHUP)
            return "Reloaded: " in process.log

        process.until(reloaded)
        for _turn in range(50):
            process.process.send_signal(signal.SIGHUP)
            assert process.get("/-/healthy")[0] == 200
        code, seconds = process.stop()
    assert (code, seconds < 5) == (0, True)


def test_300_half_open_connections_under_tls_do_not_hold_up_an_honest_scrape(
    exporter: RunExporter, remosa: Remosa, web_config: Path, authority: Authority
) -> None:
    """A third says nothing, a third stops within the handshake, a third within its request."""
    remosa.set({4: [mac(number) for number in range(1, 501)]})
    with exporter(WEB_CONFIG_FILE=str(web_config), MAX_AGE="60") as process:
        process.trust = authority.trusting()
        process.until(lambda: len(process.statuses()) == 500)
        silent = [socket.create_connection(address(process)) for _number in range(100)]
        greeting = socket.create_connection(address(process))
        half_greeted = [greeting, *(socket.create_connection(address(process)) for _ in range(99))]
        for connection in half_greeted:
            connection.sendall(client_hello()[:50])
        half_asked = [
            process.trust.wrap_socket(
                socket.create_connection(address(process)), server_hostname="127.0.0.1"
            )
            for _number in range(100)
        ]
        for secure in half_asked:
            secure.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        dripping = threading.Event()

        def drip() -> None:
            while not dripping.wait(0.5):
                for connection in (*half_greeted, *half_asked):
                    try:
                        connection.sendall(b"a" if connection in half_asked else b"\x00")
                    except OSError:
                        continue

        dripper = threading.Thread(target=drip)
        dripper.start()
        slowest = 0.0
        for _turn in range(20):
            started = time.monotonic()
            assert len(process.statuses()) == 500
            slowest = max(slowest, time.monotonic() - started)
        assert slowest <= 1
        time.sleep(6)
        dripping.set()
        dripper.join()
        for connection in (*silent, *half_greeted, *half_asked):
            connection.settimeout(3)
            assert ends(connection)  # none outlives the five seconds a request may take to come
            connection.close()


def client_hello() -> bytes:
    """Return how a TLS client begins."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="x")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def ends(connection: socket.socket) -> bool:
    """Tell whether the peer closes it, whatever it sends before."""
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_handshakes_that_hang_are_counted_and_make_room_for_honest_peers(
    exporter: RunExporter, web_config: Path, authority: Authority
) -> None:
    with exporter(WEB_CONFIG_FILE=str(web_config)) as process:
        process.trust = authority.trusting()
        hanging = [socket.create_connection(address(process)) for _number in range(600)]
        for _turn in range(5):
            started = time.monotonic()
            assert process.get("/-/healthy")[0] == 200
            assert time.monotonic() - started < 1
        files = len(list(Path(f"/proc/{process.process.pid}/fd").iterdir()))
        assert files < 512 + 50
        for connection in hanging:
            connection.close()
        assert "Traceback" not in process.log


def test_hundreds_of_tls_connections_take_little_memory(
    exporter: RunExporter, web_config: Path, authority: Authority
) -> None:
    with exporter(WEB_CONFIG_FILE=str(web_config)) as process:
        process.trust = authority.trusting()
        assert process.get("/metrics")[0] == 200
        before = process.resident()
        kept = [
            process.trust.wrap_socket(
                socket.create_connection(address(process)), server_hostname="127.0.0.1"
            )
            for _number in range(400)
        ]
        assert process.get("/metrics")[0] == 200
        assert process.resident() - before < 48 * 1024 * 1024
        for connection in kept:
            connection.close()


def test_a_storm_of_guesses_holds_up_no_scrape(exporter: RunExporter, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"word", bcrypt.gensalt(10)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: '{hashed}'}}\n")
    with exporter(WEB_CONFIG_FILE=str(tmp_path / "web.yml")) as process:
        process.headers = {"Authorization": ALICE}
        assert process.get("/metrics")[0] == 200
        over = threading.Event()
        answers: set[int] = set()

        def guess(thread: int) -> None:
            client = http.client.HTTPConnection(*address(process), timeout=30)
            number = 0
            while not over.is_set():
                number += 1
                proof = base64.b64encode(f"alice:{thread} {number}".encode()).decode()
                client.request("GET", "/metrics", headers={"Authorization": f"Basic {proof}"})
                answer = client.getresponse()
                answer.read()
                answers.add(answer.status)
            client.close()

        threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
        for each in threads:
            each.start()
        slowest = 0.0
        for _turn in range(20):
            started = time.monotonic()
            assert process.get("/metrics")[0] == 200
            slowest = max(slowest, time.monotonic() - started)
        over.set()
        for each in threads:
            each.join()
        assert answers == {401, 503}
        assert slowest < 1
