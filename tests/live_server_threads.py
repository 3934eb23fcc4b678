"""The threads of a live server: each must end with its test, for it holds a connection."""

import sys
import threading
import time
import traceback


def wait_until_idle(seconds: float = 10) -> None:
    """Let the server's threads end; fail with what each of them does when they do not."""
    deadline = time.monotonic() + seconds
    while busy := [each for each in threading.enumerate() if _answers(each)]:
        assert time.monotonic() < deadline, "a request never ended:\n" + "\n".join(
            map(_stack_of, busy)
        )
        time.sleep(0.05)


def _answers(thread: threading.Thread) -> bool:
    return "process_request_thread" in thread.name


def _stack_of(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return thread.name + "\n" + ("".join(traceback.format_stack(frame)) if frame else "over\n")
