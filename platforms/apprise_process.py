"""One message through Apprise, in a process of its own that its starter can kill.

Apprise asks by requests, which has no total deadline and follows whatever a service says. Here
the starter's clock is the deadline, no redirect is followed, and no connection is made to a
private address that was not permitted: looked at when the connection is made, so that a name that
changes its address gains nothing. It imports nothing of ours, gets its order on stdin (secrets
stand neither in arguments nor in the environment) and answers with codes, never with texts.

order:  {"address", "title", "body", "check": bool, "networks": [...], "hosts": [...]}
answer: {"outcome": "sent" | "valid" | "failed" | <error code>, "statuses": [...], "errors": [...]}
"""

import json
import logging
import socket
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

_NAT64 = ip_network("64:ff9b::/96")
#: They hold an IPv4 address as well, in ways that only networks of one's own translate.
_TRANSLATED = (ip_network("64:ff9b:1::/48"), ip_network("::/96"), ip_network("::ffff:0:0:0/96"))
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class ForbiddenError(OSError):
    """A connection to where nobody may lead this process."""


class Permits:
    """Where this process may connect to: the public Internet, and what was permitted."""

    def __init__(self, networks: list[str], hosts: list[str]) -> None:
        self.networks = [ip_network(network) for network in networks]
        self.hosts = frozenset(hosts)
        self.resolved: set[str] = set()
        self.refused = False

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse, as an audit hook, a connection that is not permitted."""
        if event not in _CONNECTING:
            return
        target = arguments[1] if len(arguments) > 1 else None
        host = target[0] if isinstance(target, tuple) and target else None
        if not isinstance(host, str) or not self.allows(host):
            self.refused = True
            raise ForbiddenError("this address is not permitted")

    def allows(self, host: str) -> bool:
        """Tell whether an address, never a name, may be connected to."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return self.grants(host) or (_is_public(address) and _is_public(_embedded(address)))

    def grants(self, host: str) -> bool:
        """Tell whether an address was permitted by its network, or by a name that led to it."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        inner = _embedded(address)
        return host in self.resolved or any(
            address in network or inner in network for network in self.networks
        )

    def resolving(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap getaddrinfo: addresses of permitted names are permitted."""

        def resolved(host: Any, *rest: Any, **named: Any) -> Any:
            found = resolve(host, *rest, **named)
            name = host.decode() if isinstance(host, bytes) else str(host)
            if name.lower().rstrip(".") in self.hosts:
                self.resolved.update(str(entry[4][0]) for entry in found)
            return found

        return resolved


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    translated = any(address in network for network in _TRANSLATED)
    return address.is_global and not address.is_multicast and not translated


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Do what is ordered and tell what became of it."""
    permits = Permits(order["networks"], order["hosts"])
    socket.getaddrinfo = permits.resolving(socket.getaddrinfo)
    sys.addaudithook(permits.look)
    logging.disable(logging.CRITICAL)  # it would write addresses, with their tokens

    import requests
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(app_id="Remosa", app_desc="Remosa", storage_mode="memory")
    try:
        service = Apprise.instantiate(order["address"], asset=asset)
    except (TypeError, ValueError):
        service = None
    if service is None:
        return {"outcome": "bad_address"}
    if order["check"]:
        return {"outcome": "valid"}
    statuses: list[int] = []
    errors: list[str] = []
    _listen(requests, statuses, errors)
    talk = Apprise(asset=asset)
    talk.add(service)
    sent = talk.notify(title=order["title"], body=order["body"], body_format="text")
    outcome = "sent" if sent else "forbidden_host" if permits.refused else "failed"
    return {"outcome": outcome, "statuses": statuses, "errors": errors}


def _listen(requests: Any, statuses: list[int], errors: list[str]) -> None:
    """Note what services answer, and let nobody follow a redirect."""
    send = requests.Session.send
    codes = (
        (requests.exceptions.SSLError, "tls"),
        (requests.exceptions.ConnectTimeout, "unreachable"),
        (requests.exceptions.Timeout, "timeout"),
        (requests.exceptions.ConnectionError, "unreachable"),
    )

    def noted(session: Any, request: Any, **named: Any) -> Any:
        named["allow_redirects"] = False
        try:
            answer = send(session, request, **named)
        except requests.exceptions.RequestException as error:
            kind = next((code for kind, code in codes if isinstance(error, kind)), "broken")
            errors.append(kind)
            raise
        statuses.append(answer.status_code)
        return answer

    requests.Session.send = noted


if __name__ == "__main__":
    json.dump(obey(json.load(sys.stdin)), sys.stdout)
