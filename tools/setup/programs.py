"""Programs that no Python package holds: each ends as one file or link in `.tools/bin`."""

import shutil
from pathlib import Path

from tools.setup.debian import Archive, install, may_install
from tools.setup.steps import BIN, TOOLS, Log, Step

CHROMIUM_PACKAGES = ["chromium", "fonts-dejavu-core", "libatomic1"]
# The first Debian release with Compose v2; its program needs nothing but libc, an old one too.
COMPOSE_RELEASE = "trixie"
NETWORK = "are Debian's package servers reachable? apt uses the sources and proxy of this machine"


def prometheus() -> Step:
    """Prometheus and promtool, unpacked: as a package it would start a service of its own."""

    def make(log: Log) -> None:
        with Archive(log) as archive:
            archive.unpack(["prometheus"], TOOLS / "prometheus")
        for name in ("prometheus", "promtool"):
            _link(name, TOOLS / "prometheus" / "usr" / "bin" / name)

    return Step(
        name="prometheus",
        title="Prometheus and promtool",
        takes="about 10 s, 30 MB",
        key="1",
        products=[BIN / "prometheus", BIN / "promtool"],
        make=make,
        remedy=NETWORK,
    )


def chromium() -> Step:
    """Chromium for the browser tests: the machine's, else installed, else unpacked."""

    def make(log: Log) -> None:
        prefix = may_install()
        if not shutil.which("chromium") and prefix is not None:
            install(CHROMIUM_PACKAGES, prefix, log)
        if installed := shutil.which("chromium"):
            _link("chromium", Path(installed))
        else:
            _unpack_chromium(log)
        log.run([BIN / "chromium", "--version"])

    return Step(
        name="chromium",
        title="Chromium for the browser tests",
        takes="about 60 s, 150 MB",
        key="1",
        products=[BIN / "chromium"],
        make=make,
        remedy="apt-get install --no-install-recommends " + " ".join(CHROMIUM_PACKAGES),
    )


def docker_compose() -> Step:
    """Compose v2, which checks compose files without a container engine."""

    def make(log: Log) -> None:
        folder = TOOLS / "docker-compose"
        with Archive(log, COMPOSE_RELEASE) as archive:
            archive.unpack(["docker-compose"], folder)
        _link("docker-compose", folder / "usr/libexec/docker/cli-plugins/docker-compose")

    return Step(
        name="docker-compose",
        title="Docker Compose, for its check of compose files",
        takes="about 10 s, 25 MB",
        key=COMPOSE_RELEASE,
        products=[BIN / "docker-compose"],
        make=make,
        remedy=NETWORK,
    )


def _link(name: str, target: Path) -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    (BIN / name).unlink(missing_ok=True)
    (BIN / name).symlink_to(target)


def _unpack_chromium(log: Log) -> None:
    """Without root: every package that is missing, side by side, and a script that starts it."""
    folder = TOOLS / "chromium"
    with Archive(log) as archive:
        archive.unpack(archive.missing(CHROMIUM_PACKAGES), folder)
    found = [
        *folder.glob("usr/lib/*-linux-gnu/**/*.so*"),
        *folder.glob("lib/*-linux-gnu/*.so*"),
    ]
    libraries = sorted({str(path.parent) for path in found})
    fonts = folder / "fonts.conf"
    fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder}/usr/share/fonts</dir><dir>/usr/share/fonts</dir>"
        f"<cachedir>{folder}/fonts</cachedir></fontconfig>"
    )
    BIN.mkdir(parents=True, exist_ok=True)
    script = BIN / "chromium"
    script.unlink(missing_ok=True)
    script.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH='{':'.join(libraries)}' FONTCONFIG_FILE='{fonts}'\n"
        f"exec '{folder}/usr/lib/chromium/chromium' \"$@\"\n"
    )
    script.chmod(0o755)
