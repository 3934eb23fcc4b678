"""Works through the queue of commands: while one message is on its way, another goes out.

Threads of one process, one more whenever a gateway is being asked, so that a gateway that hangs
holds up nobody else's commands. Knows no broker; the rows say what there is to do.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from . import capacity, outbox, sending
from .gateways.shape import Outgoing, Sent
from .models import SmsGateway
from .outbox import Clock, Send

logger = logging.getLogger(__name__)

THREADS: Final = 4
LASTS: Final = timedelta(seconds=20)  # nothing is begun after it; what is begun ends by itself
LOOK_AGAIN_SECONDS: Final = 0.2


def dispatch(send: Send = sending.send, clock: Clock = timezone.now, threads: int = THREADS) -> int:
    """Send until nothing is left to send, or time is up; return how many requests were made.

    Raises UnsafeDatabase. What a thread raises ends all of them and is raised here.
    """
    return _Crew(send, clock, threads).run()


class _Crew:
    """The threads of one run. Each takes one command all the way, then the next one."""

    def __init__(self, send: Send, clock: Clock, most: int) -> None:
        self._send, self._clock, self._most = send, clock, most
        self._until: datetime = clock() + LASTS
        self._lock = threading.Lock()
        self._working, self._asking = 1, 0  # threads, and those of them that wait for a gateway
        self._requests = 0
        self._threads: list[threading.Thread] = []
        self._fault: BaseException | None = None

    def run(self) -> int:
        """Work in this thread and in those that join it; return when all are done."""
        self._work()
        for thread in self._threads:  # grows while the last ones work
            thread.join()
        if self._fault is not None:
            raise self._fault
        return self._requests

    def _work(self) -> None:
        try:
            while self._fault is None and self._clock() < self._until:
                if not self._turn() and not self._wait_for_others():
                    return
        except BaseException as error:  # noqa: BLE001
            # Raised again in the thread that asked for the run.
            self._fault = self._fault or error

    def _work_apart(self) -> None:
        try:
            self._work()
        finally:
            connection.close()
            with self._lock:
                self._working -= 1

    def _turn(self) -> bool:
        """Take one command, and note how its gateway did.

        What it took is stored first: a death in between would leave it in doubt. That it fails
        is noted first: once the command is stored, its place is free, and the next one would go.
        """
        heard: list[Callable[[], None]] = []

        def ask(gateway: SmsGateway, outgoing: Outgoing) -> Sent:
            self._begin_asking()
            try:
                sent = self._send(gateway, outgoing)
            finally:
                self._end_asking()
            if capacity.tells_a_fault(sent):
                capacity.note(gateway, sent, self._clock())
            else:
                heard.append(lambda: capacity.note(gateway, sent, self._clock()))
            return sent

        found = outbox.turn(ask, self._clock)
        for note in heard:
            note()
        return found

    def _begin_asking(self) -> None:
        with self._lock:
            self._asking += 1
            self._requests += 1
            if self._asking == self._working < self._most:  # nobody is left to look at the queue
                self._working += 1
                thread = threading.Thread(target=self._work_apart, name="dispatch", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _end_asking(self) -> None:
        with self._lock:
            self._asking -= 1

    def _wait_for_others(self) -> bool:
        """Stay while another thread waits for a gateway: return whether one does."""
        with self._lock:
            if not self._asking:
                return False
        threading.Event().wait(LOOK_AGAIN_SECONDS)
        return True
