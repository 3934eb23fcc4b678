"""Which process polls which device."""

import subprocess
import sys
from collections import Counter

import pytest

from exporters.process import sharding
from exporters.process.sharding import WHOLE, Shard
from tests.exporters.process.web import mac


@pytest.mark.parametrize("of", [1, 2, 3, 8, 1000])
def test_every_device_belongs_to_exactly_one_shard(of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    identities = [mac(number) for number in range(1, 200)] + [str(51000 + n) for n in range(200)]
    for identity in identities:
        assert sum(shard.takes(identity) for shard in shards) == 1


@pytest.mark.parametrize("of", [2, 3, 8])
def test_shards_are_about_alike_in_size(of: int) -> None:
    sizes = Counter(
        number
        for device in range(1, 10_001)
        for number in range(1, of + 1)
        if Shard(number, of).takes(mac(device))
    )
    assert min(sizes.values()) > 0.9 * 10_000 / of
    assert max(sizes.values()) < 1.1 * 10_000 / of


def test_the_accounts_of_vendors_that_list_are_about_alike_too() -> None:
    sizes = Counter(Shard(1, 4).takes(f"exporter {exporter_id}") for exporter_id in range(1, 401))
    assert 70 <= sizes[True] <= 130


def test_a_device_stays_with_its_shard_on_every_machine_and_in_every_process() -> None:
    # Written down once: Python's own hash is another one in every process.
    assert [n for n in range(1, 9) if Shard(n, 8).takes("06:42:40:92:60:B4")] == [4]
    code = (
        "from exporters.process.sharding import Shard\n"
        "print([n for n in range(1, 9) if Shard(n, 8).takes('06:42:40:92:60:B4')])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told == ["[4]\n", "[4]\n"]


def test_who_is_alone_takes_everything() -> None:
    assert WHOLE.takes("anything")
    assert str(WHOLE) == "1/1"


@pytest.mark.parametrize(("text", "shard"), [("2/8", Shard(2, 8)), ("1/1", WHOLE)])
def test_it_reads_what_an_administrator_writes(text: str, shard: Shard) -> None:
    assert sharding.read(text) == shard
    assert str(shard) == text


@pytest.mark.parametrize(
    "text",
    ["", "2", "0/8", "9/8", "-1/8", "1/0", "1/1001", "a/b", "1/2/3", "1 / 2", "٢/٨", "2/8\n"],
)
def test_it_says_what_it_accepts(text: str) -> None:
    with pytest.raises(ValueError, match="2/8"):
        sharding.read(text)
