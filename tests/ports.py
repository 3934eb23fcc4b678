"""Ports for servers that tests start, and for addresses where nobody is to listen.

A port that the kernel picks is anybody's once it is let go: the next connection of another test
may leave from it. So these lie below the range from which connections leave, and a name that the
kernel keeps for as long as a process lives says who has taken which.
"""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_WIDTH = 12_000
_taken: list[socket.socket] = []


def free_port() -> int:
    """Return a port of loopback that no other test gets while this process lives.

    Errors:
        RuntimeError: nearly all of them are taken.
    """
    first_leaving = int(_RANGE.read_text().split()[0])
    lowest = max(first_leaving - _WIDTH, 1024)
    for port in random.SystemRandom().sample(range(lowest, first_leaving), _WIDTH // 10):
        if _take(port):
            return port
    raise RuntimeError(f"hardly a port from {lowest} to {first_leaving - 1} is free")


def is_open(port: int) -> bool:
    """Tell whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _take(port: int) -> bool:
    """Claim it before all other processes; False: another has it, or a stranger listens there."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0remosa-test-port-{port}")  # abstract: it is gone with its process
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return False
    _taken.append(claim)
    return True
