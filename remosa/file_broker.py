"""A broker of files in one folder, for an installation on one machine: kombu's, made dependable.

A message appears whole or not at all, and what nobody fetched in time goes: without a worker the
folder does not fill up. Messages are hints; losing one costs seconds.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any, Final

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

KEEP_SECONDS: Final = 300.0
MOST_FILES: Final = 500
POLL_SECONDS: Final = 0.2
_PRUNE_EVERY: Final = 1.0

# In the place of kombu's own: Celery reads CELERY_BROKER_URL by itself, past our settings.
TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


def options(folder: Path) -> Mapping[str, Any]:
    """Return what the transport is told of its folder."""
    messages = folder / "messages"
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(folder / "control"),
        "polling_interval": POLL_SECONDS,
    }


class Channel(filesystem.Channel):
    """Writes and takes messages by renaming them, which is all or nothing."""

    do_restore = False  # a hint that a worker took and did not get to is not worth a second one
    _pruned_at = 0.0

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:
        folder = Path(self.data_folder_out)
        self._prune(folder)
        name = f"{time.time_ns():020}_{uuid.uuid4().hex}"
        draft = folder / f"{name}.draft"
        try:
            draft.write_text(dumps(payload), encoding="utf-8")
            draft.rename(folder / f"{name}.{queue}.msg")
        except OSError as error:
            raise ChannelError(f"The message cannot be written into {folder}: {error}") from error

    def _get(self, queue: str) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
                text = taken.read_text(encoding="utf-8")
                taken.unlink()
                return loads(text)
            except FileNotFoundError:
                continue  # another worker has it
        raise Empty

    def _prune(self, folder: Path) -> None:
        """Remove what is too old for anybody, and the oldest of what is too much."""
        if time.monotonic() - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = time.monotonic()
        names = sorted(os.listdir(folder))
        oldest_kept = time.time_ns() - int(KEEP_SECONDS * 1e9)
        for position, name in enumerate(names):
            written = name.partition("_")[0]
            is_old = not written.isdigit() or int(written) < oldest_kept
            if is_old or position < len(names) - MOST_FILES:
                with contextlib.suppress(FileNotFoundError):
                    (folder / name).unlink()


class Transport(filesystem.Transport):
    """Kombu's transport with our channel; makes the folder, closed to others."""

    Channel = Channel

    def establish_connection(self) -> Any:
        """Connect, which is to have a folder; raise ChannelError where there can be none."""
        told = self.client.transport_options
        try:
            for name in ("data_folder_in", "control_folder"):
                Path(told[name]).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(told[name]).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise ChannelError(f"There is no folder for messages: {error}") from error
        return super().establish_connection()
