"""The broker of files: messages are whole, are taken once, and never pile up."""

import stat
import threading
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from remosa import file_broker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a broker"


def channel(folder: Path) -> Any:
    connection = Connection(
        f"filesystem://{folder}", transport_options=dict(file_broker.options(folder))
    )
    return connection.channel()


def test_its_folder_is_closed_to_others(folder: Path) -> None:
    channel(folder)
    for path in (folder, folder / "messages", folder / "control"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_of_the_broker(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError, match="no folder"):
        channel(tmp_path / "file" / "broker")


def test_messages_come_out_in_order_each_once_by_queue(folder: Path) -> None:
    there = channel(folder)
    for number in range(3):
        there._put("one", {"number": number})
    there._put("two", {"number": 9})
    assert [there._get("one")["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        there._get("one")
    assert there._get("two") == {"number": 9}
    assert list((folder / "messages").iterdir()) == []


def test_many_readers_take_each_message_once(folder: Path) -> None:
    writer, taken, lock = channel(folder), [], threading.Lock()
    for number in range(200):
        writer._put("one", number)

    def read() -> None:
        there = channel(folder)
        while True:
            try:
                number = there._get("one")
            except Empty:
                return
            with lock:
                taken.append(number)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(200))


def test_a_reader_sees_no_half_of_a_message(folder: Path) -> None:
    there = channel(folder)
    (folder / "messages" / "00000000000000000001_half.draft").write_text('{"number":')
    with pytest.raises(Empty):
        there._get("one")


def test_without_a_reader_the_folder_does_not_fill_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_broker, "_PRUNE_EVERY", 0.0)
    there = channel(folder)
    for number in range(file_broker.MOST_FILES + 20):
        there._put("one", number)
    names = list((folder / "messages").iterdir())
    assert len(names) <= file_broker.MOST_FILES + 1
    assert there._get("one") >= 19, "the oldest went"


def test_what_is_too_old_goes_also_what_a_dead_reader_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_broker, "_PRUNE_EVERY", 0.0)
    there = channel(folder)
    old = time.time_ns() - int((file_broker.KEEP_SECONDS + 1) * 1e9)
    for ending in ("one.msg", "one.msg.taken", "draft"):
        (folder / "messages" / f"{old:020}_x.{ending}").write_text("{}")
    (folder / "messages" / "somebody's note").write_text("{}")
    there._put("one", "new")
    assert [there._get("one")] == ["new"]
    assert list((folder / "messages").iterdir()) == []
