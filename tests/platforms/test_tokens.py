"""API tokens: shown once, stored hashed, ended for good; and the command that makes them."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from platforms import tokens
from platforms.models import ApiToken, AuditEntry, Machine, Platform, TokenKind, User
from platforms.roles import Deed
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_secret_is_not_stored() -> None:
    token, secret = factories.make_token(TokenKind.DISCOVERY)
    stored = [str(value) for value in ApiToken.objects.values_list().get(pk=token.pk)]
    assert not any(secret in value for value in stored)
    assert secret.startswith(token.prefix)


def test_a_secret_holds_256_random_bits() -> None:
    secrets = {factories.make_token(TokenKind.DISCOVERY)[1] for _number in range(20)}
    assert len(secrets) == 20
    assert all(len(secret.split("_", 2)[2]) == 43 for secret in secrets)


def test_a_token_is_found_by_its_secret_alone() -> None:
    token, secret = factories.make_token(TokenKind.DISCOVERY)
    assert tokens.find(secret) == token
    for wrong in (secret[:-1], secret + "x", token.prefix, f"{token.prefix}_", "", "\x00", "é"):
        assert tokens.find(wrong) is None


def test_an_expired_token_is_refused_from_that_moment_on() -> None:
    now = timezone.now()
    _token, secret = factories.make_token(TokenKind.DISCOVERY, expires_at=now)
    assert tokens.find(secret, now - timedelta(seconds=1)) is not None
    assert tokens.find(secret, now) is None


def test_a_token_is_revoked_once_and_for_good() -> None:
    token, secret = factories.make_token(TokenKind.DISCOVERY)
    assert tokens.revoke(token)
    assert not tokens.revoke(token)
    assert tokens.find(secret) is None


def test_the_token_of_an_account_that_is_switched_off_is_refused(bob: User) -> None:
    _token, secret = factories.make_token(owner=bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert tokens.find(secret) is None


def test_the_last_use_is_noted_once_a_minute() -> None:
    token, secret = factories.make_token(TokenKind.DISCOVERY)
    now = timezone.now()
    for moment, noted in ((now, now), (now + timedelta(seconds=59), now)):
        tokens.find(secret, moment)
        token.refresh_from_db()
        assert token.last_used_at == noted
    later = now + timedelta(seconds=61)
    tokens.find(secret, later)
    token.refresh_from_db()
    assert token.last_used_at == later


def test_a_token_never_gives_more_than_its_owner_has(
    alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    token, _secret = factories.make_token(owner=alice, platform=platform_b, read_only=False)
    alice.token = token
    assert not any(alice.may(deed, platform_a.pk) for deed in Deed)
    assert not any(alice.may(deed, platform_b.pk) for deed in Deed)


def test_a_read_only_token_sees_and_does_nothing(alice: User, platform_a: Platform) -> None:
    alice.token, _secret = factories.make_token(owner=alice)
    assert alice.may(Deed.SEE, platform_a.pk)
    assert not alice.may(Deed.FLEET, platform_a.pk)


def test_a_superadmins_token_for_one_platform_reaches_that_one(
    root: User, platform_a: Platform, platform_b: Platform
) -> None:
    root.token, _secret = factories.make_token(owner=root, platform=platform_a, read_only=False)
    assert root.may(Deed.FLEET, platform_a.pk)
    assert not root.may(Deed.SEE, platform_b.pk)
    assert not root.reaches_every_platform(Deed.OWN)


def test_a_superadmins_token_for_one_platform_does_not_own_the_installation(
    root: User, platform_a: Platform
) -> None:
    root.token, _secret = factories.make_token(owner=root, platform=platform_a, read_only=False)
    assert not root.may(Deed.OWN)
    assert not root.may(Deed.OWN, platform_a.pk)
    assert not root.platform_ids(Deed.OWN).exists()


def test_a_machine_sees_active_platforms_only(platform_a: Platform, platform_b: Platform) -> None:
    token, _secret = factories.make_token(TokenKind.EXPORTER, platform=platform_a)
    machine = Machine(token)
    assert machine.may(Deed.SEE, platform_a.pk)
    assert not machine.may(Deed.SEE, platform_b.pk)
    assert not machine.may(Deed.FLEET, platform_a.pk)
    Platform.objects.filter(pk=platform_a.pk).update(active=False)
    assert not machine.may(Deed.SEE, platform_a.pk)


# -- the command --------------------------------------------------------------------------------


def issue(*words: str) -> str:
    """Run the command; return what it prints."""
    out = StringIO()
    call_command("issue_token", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_the_command_prints_a_secret_that_works(platform_a: Platform) -> None:
    words = ("--kind", "exporter", "--exporter-kind", "cubic", "--platform")
    secret = issue(*words, str(platform_a.pk))
    token = tokens.find(secret)
    assert token is not None
    assert (token.kind, token.exporter_kind, token.platform) == ("exporter", "cubic", platform_a)
    line = AuditEntry.objects.get(target_type="platforms.apitoken")
    assert (line.actor, line.via) == ("issue_token", "command")
    assert secret not in str(line.after)


def test_the_command_makes_a_persons_token(bob: User) -> None:
    token = tokens.find(issue("--kind", "user", "--owner", "BOB@example.test", "--write"))
    assert token is not None
    assert (token.owner, token.read_only) == (bob, False)


def test_the_file_of_a_secret_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "token"
    assert issue("--kind", "discovery", "--output", str(file)) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert tokens.find(file.read_text().strip()) is not None
    assert [path.name for path in file.parent.iterdir()] == ["token"]


def test_a_file_whose_token_is_valid_stays(tmp_path: Path) -> None:
    file = tmp_path / "token"
    words = ("--kind", "discovery", "--output", str(file), "--if-missing")
    issue(*words)
    first = file.read_text()
    issue(*words)
    assert file.read_text() == first
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("spoil", ["revoked", "garbage", "another kind"])
def test_a_file_whose_token_does_not_fit_is_written_anew(tmp_path: Path, spoil: str) -> None:
    file = tmp_path / "token"
    words: tuple[str, ...] = ("--kind", "discovery", "--output", str(file), "--if-missing")
    issue(*words)
    if spoil == "revoked":
        tokens.revoke(ApiToken.objects.get())
    elif spoil == "garbage":
        file.write_bytes(b"\xff\x00")
    else:
        words = ("--kind", "exporter", "--exporter-kind", "cubic", *words[2:])
    before = file.read_bytes()
    issue(*words)
    assert file.read_bytes() != before
    assert tokens.find(file.read_text().strip()) is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "exporter"], "there are: addreality, cubic, json"),
        (["--kind", "exporter", "--exporter-kind", "tv"], "'tv' is unknown"),
        (["--kind", "discovery", "--exporter-kind", "cubic"], "goes with --kind exporter"),
        (["--kind", "user"], "no active account"),
        (["--kind", "discovery", "--owner", "x@example.test"], "a machine has no owner"),
        (["--kind", "discovery", "--platform", "987654"], "no such platform"),
        (["--kind", "discovery", "--if-missing"], "--if-missing needs --output"),
    ],
)
def test_a_wrong_word_is_told_and_makes_nothing(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        issue(*words)
    assert not ApiToken.objects.exists()


def test_the_kinds_of_exporters_come_from_their_application() -> None:
    from exporters.kinds import KINDS
    from platforms.registry import exporter_kinds

    known: dict[str, Any] = {kind.name: kind.title for kind in KINDS.values()}
    assert exporter_kinds == known
