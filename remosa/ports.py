"""Is a port of this machine free, and if not, who holds it? Reads /proc; opens nothing for long."""

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path

LOOPBACK = "127.0.0.1"
LISTENING = "0A"  # state TCP_LISTEN in /proc/net/tcp


class BadPort(Exception):
    """A port setting that cannot be used; the text is for a person."""


def port_of(variable: str, default: int, environment: Mapping[str, str]) -> int:
    """Read a port from the environment; BadPort unless it is a number from 1 to 65535."""
    text = environment.get(variable, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise BadPort(f"{variable} must be a port from 1 to 65535, not {text!r}")
    return int(text)


def check_free(ports: Mapping[str, int]) -> None:
    """Raise BadPort with one line for each port, by variable, that is taken or named twice."""
    lines: list[str] = []
    seen: dict[int, str] = {}
    for variable, port in ports.items():
        if port in seen:
            lines.append(f"{variable} and {seen[port]} are both {port}: give one another port")
        elif problem := _problem(port):
            lines.append(f"Port {port} {problem}: set {variable} to another one")
        seen[port] = variable
    if lines:
        raise BadPort("\n".join(lines))


def _problem(port: int) -> str:
    """Why nothing can listen on the port; empty when it can."""
    with socket.socket() as probe:
        # As servers do: connections that have just ended do not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"is taken by {holder(port) or 'another process'}"
            return f"cannot be used ({os.strerror(error.errno or 0)})"
    return ""


def holder(port: int) -> str:
    """Name and number of the process that listens on a port; empty when /proc does not show it."""
    wanted = {f"socket:[{inode}]" for inode in _listening_sockets(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        if any(wanted & _open_file(link) for link in _links(folder / "fd")):
            return f"{_name(folder)} (process {folder.name})"
    return ""


def _links(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []  # the process has ended, or belongs to somebody else


def _open_file(link: Path) -> set[str]:
    try:
        return {os.readlink(link)}
    except OSError:
        return set()  # closed since it was listed


def _listening_sockets(port: int) -> set[str]:
    """Inode numbers of the sockets that listen on the port."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (Path("/proc/net") / table).read_text().splitlines()[1:]
        except OSError:
            continue  # no IPv6, or no /proc
        for line in lines:
            columns = line.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(columns[9])
    return found


def _name(folder: Path) -> str:
    """The program and the first words of the command of a process, never its options' values."""
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "a process"
    name = Path(words[0]).name
    script = next((word for word in words[1:] if word and not word.startswith("-")), "")
    return f"{name} {Path(script).name}".strip()
