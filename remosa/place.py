"""The folder in which an installation on this machine keeps its state and its secrets."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class Occupied(Exception):
    """Another installation runs in the folder; the text is for a person."""


@dataclass(frozen=True)
class Place:
    """The folder of an installation; nobody else on the machine may look into it."""

    folder: Path

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Make the folder, closed to others, and hold it: one installation runs in it at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Occupied(
                    f"Remosa is already running in {self.folder}: end it first"
                ) from None
            yield

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def exporter_token(self, kind: str) -> Path:
        """The token of the process of one kind of exporters; the first kind's has a plain name."""
        return self.folder / ("exporter-token" if kind == "cubic" else f"{kind}-exporter-token")

    @property
    def discovery_token(self) -> Path:
        return self.folder / "discovery-token"

    @property
    def metrics_token(self) -> Path:
        """What Prometheus shows Remosa to read its own metrics."""
        return self.folder / "metrics-token"

    @property
    def first_login(self) -> Path:
        """Address and password of the first superadmin; there until it has been shown once."""
        return self.folder / "first-login"

    @property
    def demo_password(self) -> Path:
        """The password of every demo account."""
        return self.folder / "demo-password"

    def secret(self, name: str, value: str) -> Path:
        """A file with this secret; one that is there already stays as it is."""
        path = self.folder / name
        if not path.exists():
            write_secret(path, value)
        return path


def write_secret(path: Path, value: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(value)
    new.replace(path)
