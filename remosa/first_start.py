"""What a database must hold before the processes of this machine can work with it."""

import secrets

from platforms import audit, tokens
from platforms.audit import SYSTEM, Action
from platforms.models import ApiToken, TokenKind, User
from remosa.place import Place, write_secret

FIRST_ADDRESS = "admin@localhost"


def ensure_tokens(place: Place) -> list[TokenKind]:
    """Give the exporter and Prometheus a token each, unless theirs is still good; name new ones."""
    issued = []
    for kind, path, name in (
        (TokenKind.EXPORTER, place.exporter_token, "Cubic exporter of this machine"),
        (TokenKind.DISCOVERY, place.discovery_token, "Prometheus of this machine"),
    ):
        known = tokens.find(path.read_text()) if path.exists() else None
        if known is not None and known.kind == kind:
            continue
        # A lost token must not go on holding the instance name that its exporter announced.
        for lost in ApiToken.objects.filter(kind=kind, name=name, revoked_at=None):
            tokens.revoke(lost)
            audit.record(SYSTEM, Action.REVOKED, lost, platform_id=None)
        exporter_kind = "cubic" if kind == TokenKind.EXPORTER else ""
        token, secret = tokens.issue(kind, name, exporter_kind=exporter_kind)
        audit.record(SYSTEM, Action.CREATED, token, platform_id=None)
        write_secret(path, secret)
        issued.append(kind)
    return issued


def ensure_superadmin(place: Place) -> User | None:
    """Make the first superadmin and leave the password in the folder; None when there is one."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    # First the file: a password that nobody was shown opens nothing, an account without one does.
    write_secret(place.first_login, f"{FIRST_ADDRESS} {password}")
    user: User = User.objects.create_superuser(FIRST_ADDRESS, password)
    audit.record(SYSTEM, Action.CREATED, user, platform_id=None)
    return user
