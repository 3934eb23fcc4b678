"""Many HTTP requests at once on one thread, timers and calls from other threads beside them.

libcurl's multi interface over epoll. Knows nothing of vendors, and reads no answer.
"""

import contextlib
import heapq
import itertools
import logging
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial

import pycurl  # type: ignore[import-untyped]

from exporters.kinds.shape import Reason, Request
from exporters.process.transfers import Answer, Transfer

logger = logging.getLogger(__name__)

IN_FLIGHT_LIMIT = 1000  # requests at once over all sources: bounds sockets and memory
LONGEST_WAIT = 5.0  # seconds; also how often the thread shows that it lives
ANSWER_LIMIT = 1024 * 1024  # bytes

Then = Callable[[Answer], None]


class Timer:
    """A call at a time; `cancel` makes it never happen."""

    __slots__ = ("call", "cancelled")

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Poller:
    """The loop of one thread. Only `post` and `stop` may be called from another one."""

    def __init__(self, in_flight_limit: int = IN_FLIGHT_LIMIT) -> None:
        self.beat = time.monotonic()  # when the loop last went round
        self._limit = in_flight_limit
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timeout)
        self._multi.setopt(pycurl.M_MAXCONNECTS, in_flight_limit)
        self._epoll = select.epoll()
        self._watched: set[int] = set()  # sockets that epoll was told of
        self._wanted: set[int] = set()  # those of them of which libcurl wants to hear
        self._curl_due: float | None = None
        self._waiting: deque[tuple[Request, float, int, bool, Then]] = deque()
        self._active: dict[pycurl.Curl, tuple[Transfer, Then]] = {}
        self._spare: list[Transfer] = []
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._calls: deque[Callable[[], None]] = deque()
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._epoll.register(self._ear.fileno(), select.EPOLLIN)
        self._stopping = False

    def ask(
        self,
        request: Request,
        timeout: float,
        then: Then,
        *,
        limit: int = ANSWER_LIMIT,
        keep_headers: bool = False,
    ) -> None:
        """Send the request as soon as there is room; call `then` with the answer or failure.

        `timeout` is the total deadline in seconds from the sending on, `limit` the byte cap.
        """
        if len(self._active) < self._limit:
            self._start(request, timeout, limit, keep_headers, then)
        else:
            self._waiting.append((request, timeout, limit, keep_headers, then))

    def at(self, when: float, call: Callable[[], None]) -> Timer:
        """Make the call at `when`, a time of `time.monotonic`."""
        timer = Timer(call)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def post(self, call: Callable[[], None]) -> None:
        """Have the loop's thread make the call; from any thread."""
        self._calls.append(call)
        self._wake()

    def stop(self) -> None:
        """End `run` soon, whatever hangs; from any thread."""
        self._stopping = True
        self._wake()

    def run(self) -> None:
        """Go round until `stop`."""
        try:
            while not self._stopping:
                self.beat = time.monotonic()
                while self._calls:
                    self._make(self._calls.popleft())
                self._run_timers()
                self._transfer()
                self._collect()
        finally:
            self._close()

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled:
                self._make(timer.call)

    def _make(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            # A fault of ours in one source must not end the polling of all the others.
            logger.exception("A call of the polling loop failed; the loop goes on")

    def _transfer(self) -> None:
        """Wait for the network or the next timer, then let libcurl act."""
        now = time.monotonic()
        wait = LONGEST_WAIT
        if self._timers:
            wait = min(wait, self._timers[0][0] - now)
        if self._curl_due is not None:
            wait = min(wait, self._curl_due - now)
        if self._calls:
            wait = 0
        for fd, events in self._epoll.poll(max(0.0, wait)):
            if fd == self._ear.fileno():
                self._ear.recv(4096)
                continue
            if fd not in self._wanted:  # the vendor closed a connection that nobody uses
                self._unwatch(fd)
                continue
            action = pycurl.CSELECT_IN if events & select.EPOLLIN else 0
            action |= pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            action |= pycurl.CSELECT_ERR if events & (select.EPOLLERR | select.EPOLLHUP) else 0
            self._multi.socket_action(fd, action)
        if self._curl_due is not None and self._curl_due <= time.monotonic():
            self._curl_due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _collect(self) -> None:
        """Hand over every finished transfer and start those that wait for room."""
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            for curl in good:
                self._finish(curl, 0, "")
            for curl, code, text in bad:
                self._finish(curl, code, text)
        while self._waiting and len(self._active) < self._limit:
            self._start(*self._waiting.popleft())

    def _start(
        self, request: Request, timeout: float, limit: int, keep_headers: bool, then: Then
    ) -> None:
        transfer = self._spare.pop() if self._spare else Transfer()
        try:
            transfer.prepare(request, timeout, limit, keep_headers)
        except (pycurl.error, ValueError, TypeError) as error:
            # Such as a letter that no address has. Its text could quote a secret.
            told = f"the request cannot be written: {type(error).__name__}"
            self.post(partial(then, Answer(0, b"", Reason.ERROR.value, 0.0, told)))
            return
        self._active[transfer.curl] = (transfer, then)
        self._multi.add_handle(transfer.curl)

    def _finish(self, curl: pycurl.Curl, code: int, text: str) -> None:
        transfer, then = self._active.pop(curl)
        self._multi.remove_handle(curl)
        answer = transfer.answer(code, text)
        self._spare.append(transfer)
        try:
            then(answer)
        except Exception:
            # As in _make: one source's fault is not the others'.
            logger.exception("Taking an answer failed; the loop goes on")

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Watch a socket as libcurl wishes."""
        if what == pycurl.POLL_REMOVE:
            # Epoll keeps it: most connections are used again in a moment, which saves a tenth
            # of the time of a request.
            self._wanted.discard(fd)
            return
        events = select.EPOLLIN if what & pycurl.POLL_IN else 0
        events |= select.EPOLLOUT if what & pycurl.POLL_OUT else 0
        self._wanted.add(fd)
        if fd in self._watched:
            try:
                self._epoll.modify(fd, events)
            except FileNotFoundError:  # libcurl had closed it; this is a new one of its number
                self._epoll.register(fd, events)
        else:
            self._epoll.register(fd, events)
            self._watched.add(fd)

    def _unwatch(self, fd: int) -> None:
        self._watched.discard(fd)
        with contextlib.suppress(OSError):  # libcurl has closed it: it is gone already
            self._epoll.unregister(fd)

    def _set_timeout(self, milliseconds: int) -> None:
        self._curl_due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: the loop is awake already; closed: it ended
            self._mouth.send(b"\0")

    def _close(self) -> None:
        for curl in list(self._active):
            self._multi.remove_handle(curl)
        self._active.clear()
        self._spare.clear()
        self._waiting.clear()
        self._multi.close()
        self._epoll.close()
        self._ear.close()
        self._mouth.close()
