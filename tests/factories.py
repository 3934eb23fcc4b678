"""Rows for tests, one word each. Every value that a test does not care about has a default."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from exporters.models import Exporter, ExporterMac, Player, PlayerSource
from platforms import audit, tokens
from platforms.audit import Action
from platforms.models import (
    ApiToken,
    AuditEntry,
    Invitation,
    Membership,
    Platform,
    Site,
    TokenKind,
    User,
)
from platforms.roles import Role

_number = count(1)

PASSWORD = "correct horse battery staple"


def make_platform(name: str = "", **fields: Any) -> Platform:
    """Create a platform; without a name, with one of its own."""
    return Platform.objects.create(name=name or f"Platform {next(_number)}", **fields)


def make_user(email: str = "", **fields: Any) -> User:
    """Create an account that belongs to no platform; its password is PASSWORD."""
    return User.objects.create_user(
        email or f"user{next(_number)}@example.test", PASSWORD, **fields
    )


def make_member(platform: Platform, role: Role, email: str = "", **fields: Any) -> User:
    """Create an account with a role on a platform."""
    user = make_user(email, **fields)
    Membership.objects.create(platform=platform, user=user, role=role)
    return user


def make_site(platform: Platform, name: str = "", **fields: Any) -> Site:
    """Create a site."""
    site: Site = Site.objects.create(
        platform=platform, name=name or f"Site {next(_number)}", **fields
    )
    return site


# Ahead of the clock, by which versions grow otherwise: each write adds exactly 1.
FIRST_VERSION = 10**15


def make_exporter(
    platform: Platform, name: str = "", kind: str = "cubic", **fields: Any
) -> Exporter:
    """Create an exporter without addresses."""
    exporter: Exporter = Exporter.objects.create(
        platform=platform,
        name=name or f"Exporter {next(_number)}",
        kind=kind,
        **{"list_version": FIRST_VERSION, **fields},
    )
    return exporter


def make_player(exporter: Exporter, mac: str = "", name: str = "", **fields: Any) -> Player:
    """Create a player that was typed in, without its MAC row."""
    player: Player = Player.objects.create(
        platform_id=exporter.platform_id,
        exporter=exporter,
        identity=mac or mac_of(next(_number)),
        name=name,
        source=PlayerSource.TYPED,
        **{"first_seen": timezone.now(), **fields},
    )
    return player


def make_mac(exporter: Exporter, mac: str = "", name: str = "", **fields: Any) -> ExporterMac:
    """Create a MAC with its player."""
    player = make_player(exporter, mac, name)
    row: ExporterMac = ExporterMac.objects.create(
        platform_id=exporter.platform_id,
        exporter=exporter,
        player=player,
        mac=player.identity,
        name=name,
        **fields,
    )
    return row


def make_token(kind: TokenKind = TokenKind.USER, **fields: Any) -> tuple[ApiToken, str]:
    """Issue a token; return its row and its secret text."""
    if kind == TokenKind.EXPORTER:
        fields.setdefault("exporter_kind", "cubic")
    return tokens.issue(kind, fields.pop("name", f"Token {next(_number)}"), **fields)


def make_invitation(platform: Platform, email: str = "", **fields: Any) -> Invitation:
    """Create an invitation that is open for three days; nobody knows its secret."""
    values = {
        "email": email or f"guest{next(_number)}@example.test",
        "role": Role.VIEWER,
        "digest": f"{next(_number):064x}",
        "expires_at": timezone.now() + timedelta(days=3),
        **fields,
    }
    invitation: Invitation = Invitation.objects.create(platform=platform, **values)
    return invitation


def make_audit_entry(
    platform: Platform | None, target: str = "target", **fields: Any
) -> AuditEntry:
    """Write an audit line."""
    return audit.record(
        audit.SYSTEM,
        Action.CHANGED,
        target,
        platform_id=platform.pk if platform is not None else None,
        **fields,
    )


def mac_of(number: int) -> str:
    """Return the number as a MAC in the normal form."""
    digits = f"{0x0600_0000_0000 + number:012X}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
