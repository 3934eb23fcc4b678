"""The cache file: what it keeps, what it drops, what happens to one that is of no use."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.process.cache import Cache, CacheError, Info, Kept
from exporters.process.device_list import Devices, Entry
from exporters.process.keeper import Keeper
from tests.exporters.process.web import mac

ENTRIES = [Entry(4, 1, "Ангар", True, {"poll_interval": 30}), Entry(5, 2, "", False, {})]
DEVICES = Devices({(4, 1): {mac(1): "Hall", mac(2): ""}})
INFO: Info = {(4, mac(1)): {"name": "Зал", "ip": "10.0.0.1", "outip": ""}}
ETAGS = ('"exporters"', '"devices"')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a folder that does not exist yet."""
    return tmp_path / "new folder" / "cache.sqlite3"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    """An open cache."""
    cache = Cache(path, "origin")
    yield cache
    cache.close()


def reopened(cache: Cache, path: Path, origin: str = "origin") -> Kept:
    cache.close()
    again = Cache(path, origin)
    kept = again.load()
    again.close()
    return kept


def test_it_gives_back_what_it_was_given(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1.5)
    cache.save_info(INFO)
    cache.confirm_list(2.25)
    kept = reopened(cache, path)
    assert kept == Kept(ENTRIES, DEVICES, *ETAGS, 2.25, INFO)


def test_a_new_file_gives_nothing(cache: Cache) -> None:
    assert cache.load() == Kept()


def test_the_list_of_another_remosa_or_platform_is_not_used(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)
    assert reopened(cache, path, "another origin") == Kept()


def test_info_of_a_device_that_left_the_list_is_forgotten(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)
    cache.save_info(INFO)
    cache.save_list(ENTRIES, Devices({(4, 1): {mac(2): ""}}), ETAGS, (), 2)
    assert reopened(cache, path).info == {}


def test_what_another_remosas_vendors_told_is_forgotten(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (4,), 1)
    cache.save_info(INFO)
    cache.close()
    other = Cache(path, "another origin")
    other.save_list(ENTRIES, DEVICES, ETAGS, (4,), 2)
    assert reopened(other, path, "another origin").info == {}


def test_a_device_that_its_vendor_lists_is_remembered_until_it_is_gone(
    cache: Cache, path: Path
) -> None:
    cache.save_list(ENTRIES, Devices(), ETAGS, (4,), 1)
    cache.save_info(INFO)
    cache.save_list(ENTRIES, Devices(), ETAGS, (4,), 2)
    assert cache.load().info == INFO
    cache.save_info({(4, mac(1)): None})
    assert reopened(cache, path).info == {}


def test_only_its_owner_reads_the_file_for_it_holds_tokens(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o644)
    cache = Cache(path, "origin")
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    cache.close()
    assert set(modes.values()) == {0o600}, modes


def test_it_has_no_place_for_a_status(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)
    cache.close()
    with sqlite3.connect(path) as database:
        (schema,) = database.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()
    database.close()
    assert "status" not in schema


def test_a_write_that_breaks_off_leaves_the_list_before_it(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)

    def names() -> Iterator[tuple[tuple[int, int], dict[str, str]]]:
        yield (9, 9), {mac(9): ""}
        raise KeyboardInterrupt

    class Breaking(dict[tuple[int, int], dict[str, str]]):
        items = staticmethod(names)  # type: ignore[assignment]

    with pytest.raises(KeyboardInterrupt):
        cache.save_list([], Devices(Breaking()), ETAGS, (), 2)
    assert reopened(cache, path).devices == DEVICES


def test_a_full_disk_is_told_and_the_file_stays(cache: Cache, path: Path) -> None:
    cache.save_list(ENTRIES, DEVICES, ETAGS, (), 1)
    cache._database.execute("PRAGMA max_page_count = 12")
    many = Devices({(4, 1): {mac(number): "x" * 100 for number in range(1, 5000)}})
    with pytest.raises(CacheError, match="full"):
        cache.save_list(ENTRIES, many, ETAGS, (), 2)
    assert cache.put_aside is None
    assert reopened(cache, path).devices == DEVICES


def test_a_file_that_is_damaged_while_in_use_is_put_aside(cache: Cache, path: Path) -> None:
    cache._database.execute("DROP TABLE info")
    with pytest.raises(CacheError):
        cache.save_info(INFO)
    assert cache.put_aside is not None
    assert cache.put_aside.exists()
    cache.save_info(INFO)


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(CacheError, match="Is a directory"):
        Cache(path, "origin")


def test_the_keeper_writes_what_came_in_before_it_ends(path: Path) -> None:
    keeper = Keeper(lambda: Cache(path, "origin"))
    assert keeper.load() == Kept()
    keeper.start()
    keeper.keep_list(ENTRIES, DEVICES, ETAGS, frozenset(), 7)
    keeper.keep_info(4, mac(1), INFO[4, mac(1)])
    keeper.stop(5)
    again = Keeper(lambda: Cache(path, "origin"))
    assert again.load() == Kept(ENTRIES, DEVICES, *ETAGS, 7, INFO)
    again.start()
    again.stop(5)


def test_the_keeper_keeps_what_it_could_not_write_until_it_can(path: Path) -> None:
    path.parent.write_text("a file where a folder should be")
    keeper = Keeper(lambda: Cache(path, "origin"))
    assert keeper.load() == Kept()
    assert "cannot be used" in keeper.problem
    keeper.keep_list(ENTRIES, DEVICES, ETAGS, frozenset(), 7)
    keeper.keep_info(4, mac(1), INFO[4, mac(1)])
    path.parent.unlink()
    keeper.start()
    keeper.stop(5)
    assert keeper.problem == ""
    again = Cache(path, "origin")
    assert again.load().info == INFO
    again.close()
