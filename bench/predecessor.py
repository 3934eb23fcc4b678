"""The shape of the predecessor: requests on 10 threads, prometheus_client's gauges, one text.

Prints the CPU seconds of each refresh, its scrape included.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bench.far_side import EXPORTER, PLATFORM, mac
from bench.measuring import cpu_seconds

THREADS = 10
PLACE = {"exporter_id": str(EXPORTER), "platform_id": str(PLATFORM)}


class Gauges:
    """Status and info of every player."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self.registry = CollectorRegistry()
        labels = ("exporter_id", "mac", "platform_id")
        self._status = Gauge("device_status", "1 online", labels, registry=self.registry)
        told = (*labels, "ip", "name", "outip")
        self._info = Gauge("device_info", "1", told, registry=self.registry)

    def refresh(self, address: str) -> None:
        """Ask for one player."""
        (told,) = requests.get(self._vendor + address, timeout=10).json()
        place = {**PLACE, "mac": address}
        self._status.labels(**place).set(told["status"] == "online")
        info = {"ip": told["ip"], "name": told["name"], "outip": told["outIp"]}
        self._info.labels(**place, **info).set(1)


def main() -> None:
    """Do so many refreshes as are asked for, after one that makes the gauges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", required=True)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    told = parser.parse_args()
    gauges = Gauges(told.vendor)
    addresses = [mac(number) for number in range(told.players)]
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(gauges.refresh, addresses))
        for _round in range(told.rounds):
            before = cpu_seconds()
            list(threads.map(gauges.refresh, addresses))
            generate_latest(gauges.registry)
            sys.stdout.write(f"{cpu_seconds() - before}\n")


if __name__ == "__main__":
    main()
