"""What the exporters of the demo are told of their vendors, as an administrator types it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from demo.vendors.lumen import Lumen
from demo.world import COMPANIES, Company
from exporters.kinds import KINDS


class VendorAccount(NamedTuple):
    """One exporter to be: its kind, its name, and the settings of its kind."""

    kind: str
    name: str
    told: Mapping[str, object]


def accounts(company: Company, vendor: str) -> list[VendorAccount]:
    """A company's accounts at the simulated vendors, of the kinds that are registered.

    `vendor` is where the simulated vendors listen, for the kind that is told its address.
    """
    known = [
        VendorAccount("cubic", "CubicMedia", {}),
        VendorAccount("addreality", "AddReality", {"api_token": company.token("addreality")}),
    ]
    if company is COMPANIES[1]:
        known.append(VendorAccount("json", Lumen.title, lumen(company, vendor)))
    return [account for account in known if account.kind in KINDS]


def lumen(company: Company, vendor: str) -> dict[str, object]:
    """What describes a content system that no file of ours is written for.

    REBOOTING stands in neither list: such a screen is unknown, and the page says why.
    """
    return {
        "mode": "list",
        "url": f"{vendor}{Lumen.address}?page[size]={{limit}}&page[offset]={{offset}}",
        "headers": ["Authorization: Bearer {secret}"],
        "secret": company.token(Lumen.name),
        "limit": 25,
        "items_path": "$.result.screens[*]",
        "id_path": "$.uid",
        "name_path": "$.title",
        "status_path": "$.state.code",
        "ip_path": "$.net.lan",
        "online_values": ["UP"],
        "offline_values": ["DOWN"],
    }
