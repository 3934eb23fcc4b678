"""Making, finding and ending API tokens. Only a digest is stored; the secret is returned once."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from .models import ApiToken, Platform, TokenKind, User

MARK = {TokenKind.USER: "rmu", TokenKind.EXPORTER: "rme", TokenKind.DISCOVERY: "rmd"}
PREFIX = re.compile(r"rm[ued]_[0-9a-f]{10}(?=_)")
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def _digest(secret: str) -> str:
    """Hash a secret of 256 random bits: no salt or stretching is needed for such."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    kind: TokenKind,
    name: str,
    *,
    owner: User | None = None,
    platform: Platform | None = None,
    exporter_kind: str = "",
    read_only: bool = True,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; return the row and the secret text, which can never be read again."""
    prefix = f"{MARK[kind]}_{secrets.token_hex(5)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        kind=kind,
        name=name,
        owner=owner,
        platform=platform,
        exporter_kind=exporter_kind,
        read_only=read_only,
        expires_at=expires_at,
        prefix=prefix,
        digest=_digest(secret),
    )
    return token, secret


def find(secret: str, now: datetime | None = None) -> ApiToken | None:
    """Return the token of a secret when it is valid now, noting its use once a minute."""
    now = now or timezone.now()
    prefix = PREFIX.match(secret)
    if prefix is None:
        return None
    rows = ApiToken.objects.select_related("owner", "platform")
    token: ApiToken | None = rows.filter(prefix=prefix[0]).first()
    if token is None or not hmac.compare_digest(token.digest, _digest(secret)):
        return None
    if token.revoked_at is not None or (token.expires_at and token.expires_at <= now):
        return None
    if token.owner is not None and not token.owner.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at >= USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke(token: ApiToken, now: datetime | None = None) -> bool:
    """End a token for good; tell whether this call was the one that did."""
    ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    return ended.update(revoked_at=now or timezone.now()) == 1
