"""Debian packages without root: fetch and unpack beside the project; install only when asked to.

The lists and downloads live in a folder of our own, so neither root nor a filled apt cache is
needed; sources, keys and proxies are those of the machine.
"""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tools.setup.steps import TOOLS, Log, StepFailed


class Archive:
    """The machine's Debian archive, or another release on the same mirror; lists live in `with`."""

    def __init__(self, log: Log, release: str | None = None) -> None:
        self.log = log
        self.release = release
        self.home = TOOLS / "apt" / (release or "own")
        self.options = [
            *("-o", f"Dir::State::Lists={self.home / 'lists'}"),
            *("-o", f"Dir::Cache={self.home / 'cache'}"),
            # As root, apt would fetch as user _apt, who cannot write into our folder.
            *("-o", "APT::Sandbox::User=root"),
        ]
        if release:
            self.options += ["-o", f"Dir::Etc::SourceList={self.home / 'sources.list'}"]
            self.options += ["-o", "Dir::Etc::SourceParts=-"]

    def __enter__(self) -> Self:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise StepFailed("this set-up takes it from Debian's packages, and apt-get is missing")
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        if self.release:
            with Archive(self.log) as own:
                source = f"deb {own.mirror()} {self.release} main\n"
            (self.home / "sources.list").write_text(source)
        self.log.run(["apt-get", *self.options, "update"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.home)

    def mirror(self) -> str:
        """Address of the machine's Debian mirror, from its own sources."""
        listing = subprocess.run(
            ["apt-get", *self.options, "indextargets"]
            + ["--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"],
            capture_output=True,
            text=True,
            check=False,
        )
        for line in listing.stdout.splitlines():
            origin, label, address = line.split("|")
            if origin == label == "Debian":
                return address
        raise StepFailed("the apt sources of this machine name no Debian mirror")

    def unpack(self, packages: list[str], into: Path) -> None:
        """Replace a folder by the files of these packages; no maintainer script runs."""
        with TemporaryDirectory(dir=self.home) as folder:
            command = ["apt-get", *self.options, "download", *packages]
            self.log.run(command, cwd=Path(folder))
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir(parents=True)
            for package in sorted(Path(folder).glob("*.deb")):
                self.log.run(["dpkg-deb", "--extract", package, into])

    def missing(self, packages: list[str]) -> list[str]:
        """These packages and all they depend on, less what the machine has."""
        plan = subprocess.run(
            [
                "apt-get",
                *self.options,
                "install",
                "--simulate",
                "--no-install-recommends",
            ]
            + packages,
            capture_output=True,
            text=True,
            check=False,
        )
        if plan.returncode:
            raise StepFailed(f"apt-get finds no way to have {', '.join(packages)}: {plan.stderr}")
        return [line.split()[1] for line in plan.stdout.splitlines() if line.startswith("Inst ")]


def may_install() -> list[str] | None:
    """Words to put before `apt-get install`: none for root, sudo without a password, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    answer = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n"] if answer.returncode == 0 else None


def install(packages: list[str], prefix: list[str], log: Log) -> None:
    """Install into the machine, without recommended packages."""
    quiet = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    log.run([*quiet, "update"])
    log.run([*quiet, "install", "-y", "--no-install-recommends", *packages])
