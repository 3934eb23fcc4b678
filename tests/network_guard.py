"""No test reaches beyond this machine: Python's audit events tell of every attempt.

A name that is not loopback resolves to nothing, as on a machine without a network. An attempt to
connect to a foreign address is refused, and the test that made it fails. pycurl opens its sockets
in C, unseen: its tests name loopback addresses by hand.
"""

import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = {None, "", "localhost", "localhost.localdomain", socket.gethostname()}
attempts: list[str] = []


def _is_loopback(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if text in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(text).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
        # A numeric address is only read, not looked up; the connection is what counts.
        if not _is_loopback(host) and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known (tests are local)")
    elif event in ("socket.connect", "socket.sendto"):
        connection, target = arguments
        if connection.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(target[0]):
            attempts.append(f"{event} to {target[0]}")
            raise OSError(101, "Network is unreachable (tests are local)")


def install() -> None:
    """Watch from now on; an audit hook cannot be taken away again."""
    sys.addaudithook(_guard)
