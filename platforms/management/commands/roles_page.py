"""Writes docs/roles.md from the table in platforms/roles.py."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from platforms.roles import DEEDS_OF, RANK, Deed, roles_below

PAGE: Path = settings.BASE_DIR / "docs" / "roles.md"

MEANS = {
    Deed.SEE: "See players, statuses, exporters, MAC addresses, sites, limits and the audit log",
    Deed.FLEET: "Add, change and remove exporters, MAC addresses, players, sites, sockets, "
    "bindings and the platform's own command templates",
    Deed.PHONES: "See phone numbers of sockets",
    Deed.SEND_ASSIGNED: "Send power commands to the sockets that were assigned to one, "
    "and pause these",
    Deed.SEND: "Send power commands to every socket, approve, acknowledge, pause a socket",
    Deed.DESTROY: "Send destructive commands (factory reset, delete all numbers), "
    "after a confirmation",
    Deed.CHANNELS: "See and change where notices are sent, and what became of them",
    Deed.MEMBERS: "See, invite, change and remove members with a lower role",
    Deed.OWN: "Platforms, limits, accounts, Prometheus, exporter processes, machine tokens, "
    "SMS gateways, shared command templates",
}


def page() -> str:
    """Return the text of the page."""
    with translation.override("en"):
        roles = list(reversed(RANK))
        head = ["On one's platform", "Superadmin", *(str(role.label) for role in roles)]
        rows = [
            [MEANS[deed], "yes", *("yes" if deed in DEEDS_OF[role] else "-" for role in roles)]
            for deed in Deed
        ]
        gives = [
            f"- {role.label}: {', '.join(str(low.label) for low in reversed(roles_below(role)))}."
            for role in roles
            if Deed.MEMBERS in DEEDS_OF[role]
        ]
    table = [head, ["---"] * len(head), *rows]
    return "\n".join(
        [
            "# Roles",
            "",
            "<!-- Made by `python manage.py roles_page` from platforms/roles.py; do not edit. -->",
            "",
            "A person has one role on each platform, and may have different ones on several: every",
            "row is judged by its own platform. The role is the permission; there are no others.",
            "A superadmin is a flag of the account: it owns the installation and every platform.",
            "Members of an inactive platform cannot enter it.",
            "",
            *("| " + " | ".join(cells) + " |" for cells in table),
            "",
            "Roles that one may give, change and take away, never one's own or an equal's:",
            "",
            "- Superadmin: every role.",
            *gives,
            "",
            "Everybody makes API tokens for himself; a token can do what its owner can, or less.",
            "",
        ]
    )


class Command(BaseCommand):
    """Keeps the page and the table together."""

    help = "Write docs/roles.md; with --check only tell whether it is up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer the check."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page, or compare it."""
        if not options["check"]:
            PAGE.write_text(page())
        elif not PAGE.exists() or PAGE.read_text() != page():
            raise CommandError("docs/roles.md is not up to date: run manage.py roles_page.")
