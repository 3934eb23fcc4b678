"""The floor of polling: libcurl's multi interface over epoll, and nothing done with the answers.

Prints the seconds of each round and the CPU seconds of all.
"""

import argparse
import contextlib
import select
import sys
import time

import pycurl  # type: ignore[import-untyped]

from bench.far_side import mac
from bench.measuring import cpu_seconds


class Loop:
    """One round of requests after the other on the same handles."""

    def __init__(self, concurrency: int) -> None:
        self._epoll = select.epoll()
        self._due: float | None = None
        self._watched: set[int] = set()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timeout)
        self._multi.setopt(pycurl.M_MAXCONNECTS, concurrency)
        self._spare = [self._handle() for _ in range(concurrency)]
        self._bytes = 0

    def round(self, urls: list[str]) -> float:
        """Ask for all; return the seconds it took."""
        started = time.monotonic()
        left, active = iter(urls), 0
        while True:
            while self._spare and (url := next(left, None)):
                handle = self._spare.pop()
                handle.setopt(pycurl.URL, url)
                self._multi.add_handle(handle)
                active += 1
            if not active:
                return time.monotonic() - started
            wait = 1.0 if self._due is None else max(0.0, self._due - time.monotonic())
            for fd, events in self._epoll.poll(wait):
                action = pycurl.CSELECT_IN if events & select.EPOLLIN else 0
                action |= pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
                self._multi.socket_action(fd, action)
            if self._due is not None and self._due <= time.monotonic():
                self._due = None
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            _more, good, bad = self._multi.info_read(len(urls))
            if bad:
                raise RuntimeError(f"a request failed: {bad[0][1:]}")
            for handle in good:
                self._multi.remove_handle(handle)
                self._spare.append(handle)
            active -= len(good)

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.TIMEOUT_MS, 10_000)
        handle.setopt(pycurl.HTTPHEADER, ["Accept: application/json"])
        handle.setopt(pycurl.WRITEFUNCTION, self._receive)
        return handle

    def _receive(self, data: bytes) -> None:
        self._bytes += len(data)

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if fd in self._watched:
                self._watched.discard(fd)
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)
            return
        events = select.EPOLLIN if what & pycurl.POLL_IN else 0
        events |= select.EPOLLOUT if what & pycurl.POLL_OUT else 0
        (self._epoll.modify if fd in self._watched else self._epoll.register)(fd, events)
        self._watched.add(fd)

    def _set_timeout(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000


def main() -> None:
    """Do so many rounds as are asked for, after one that opens the connections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", required=True)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    told = parser.parse_args()
    urls = [told.vendor + mac(number) for number in range(told.players)]
    loop = Loop(told.concurrency)
    loop.round(urls)
    before = cpu_seconds()
    seconds = [loop.round(urls) for _ in range(told.rounds)]
    sys.stdout.write(f"{' '.join(map(str, seconds))} {cpu_seconds() - before}\n")


if __name__ == "__main__":
    main()
