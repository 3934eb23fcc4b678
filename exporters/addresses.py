"""Which address of a player counts, and its place in the order of addresses. Pure.

The one definition, for pages, search and order: what the vendor told last, else what was typed.
`mac_rows` says the same to the database.
"""

from ipaddress import ip_address

LONGEST = 64  # characters of what a vendor tells; no address has more


def shown(told: str | None, typed: str | None) -> str:
    """Return the address that counts; "" where there is none."""
    return told or typed or ""


def clipped(told: str) -> str:
    """Return what a vendor tells as a row keeps it."""
    return told.replace("\x00", "")[:LONGEST]


def place(address: str | None) -> str:
    """Return a text by which addresses sort as numbers, of each protocol for itself.

    "" for no address, and for what a vendor writes in the place of one.
    """
    try:
        number = ip_address((address or "").strip())
    except ValueError:
        return ""
    return f"{number.version}{int(number):0{number.max_prefixlen // 4}x}"
