"""What a database must hold before the processes of this machine can work with it."""

import secrets

from devices.models import SmsGateway
from exporters.kinds import KINDS, Kind
from platforms import audit, tokens
from platforms.audit import SYSTEM, Action
from platforms.models import ApiToken, TokenKind, User
from remosa.place import Place, write_secret

FIRST_ADDRESS = "admin@localhost"


def ensure_tokens(place: Place) -> list[TokenKind]:
    """Give each exporter and Prometheus a token, unless theirs is still good; name new ones."""
    issued = []
    wanted = [
        (TokenKind.EXPORTER, each.name, place.exporter_token(each.name), _name(each))
        for each in KINDS.values()
    ]
    wanted.append((TokenKind.DISCOVERY, "", place.discovery_token, "Prometheus of this machine"))
    for kind, exporter_kind, path, name in wanted:
        known = tokens.find(path.read_text()) if path.exists() else None
        if known is not None and (known.kind, known.exporter_kind) == (kind, exporter_kind):
            continue
        # A lost token must not go on holding the instance name that its exporter announced.
        for lost in ApiToken.objects.filter(kind=kind, name=name, revoked_at=None):
            tokens.revoke(lost)
            audit.record(SYSTEM, Action.REVOKED, lost, platform_id=None)
        token, secret = tokens.issue(kind, name, exporter_kind=exporter_kind)
        audit.record(SYSTEM, Action.CREATED, token, platform_id=None)
        write_secret(path, secret)
        issued.append(kind)
    return issued


def _name(kind: Kind) -> str:
    """The name of a token; the first kind's is older than the titles of kinds."""
    return f"{'Cubic' if kind.name == 'cubic' else kind.title} exporter of this machine"


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


def ensure_gateway() -> SmsGateway | None:
    """Make a gateway that writes messages to the log; None where there is any gateway already.

    So commands go somewhere visible from the first minute on.
    """
    if SmsGateway.objects.exists():
        return None
    gateway: SmsGateway = SmsGateway.objects.create(name="Console", driver="console")
    audit.record(SYSTEM, Action.CREATED, gateway, platform_id=None)
    return gateway
