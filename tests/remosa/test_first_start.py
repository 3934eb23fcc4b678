"""What a database is given before the processes of one machine start."""

import stat
from pathlib import Path

import pytest

from devices.models import SmsGateway
from exporters.kinds import KINDS
from platforms import tokens
from platforms.audit import Action
from platforms.models import ApiToken, AuditEntry, TokenKind, User
from remosa import first_start, local
from remosa.management.commands import run_local
from remosa.place import Place

PORTS = {name: port + 1 for name, port in local.PORTS.items()}


@pytest.fixture
def place(tmp_path: Path, db: None) -> Place:
    return Place(tmp_path)


def test_each_process_gets_a_token_of_its_kind(place: Place) -> None:
    first_start.ensure_tokens(place)
    for path, kind in (
        (place.exporter_token("cubic"), TokenKind.EXPORTER),
        (place.discovery_token, TokenKind.DISCOVERY),
    ):
        found = tokens.find(path.read_text())
        assert found is not None
        assert found.kind == kind
        assert found.platform is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_good_tokens_stay_and_lost_or_ended_ones_are_renewed(place: Place) -> None:
    first_start.ensure_tokens(place)
    assert first_start.ensure_tokens(place) == []
    place.discovery_token.unlink()
    assert first_start.ensure_tokens(place) == [TokenKind.DISCOVERY]
    tokens.revoke(ApiToken.objects.get(kind=TokenKind.EXPORTER, exporter_kind="cubic"))
    assert first_start.ensure_tokens(place) == [TokenKind.EXPORTER]
    assert AuditEntry.objects.filter(action=Action.CREATED).count() == len(KINDS) + 3


def test_a_lost_token_ends_when_a_new_one_is_made(place: Place) -> None:
    first_start.ensure_tokens(place)
    lost = place.exporter_token("cubic").read_text()
    place.exporter_token("cubic").unlink()
    first_start.ensure_tokens(place)
    assert tokens.find(lost) is None
    assert ApiToken.objects.filter(revoked_at=None).count() == len(KINDS) + 1


def test_the_first_superadmin_can_log_in_with_the_password_that_is_shown_once(
    place: Place,
) -> None:
    user = first_start.ensure_superadmin(place)
    assert user is not None
    assert user.is_superuser
    shown = run_local.banner(place, PORTS)
    password = shown.split("password ")[1].split()[0]
    assert User.objects.get().check_password(password)
    assert password not in run_local.banner(place, PORTS)
    assert not place.first_login.exists()


def test_there_is_no_second_first_superadmin(place: Place) -> None:
    User.objects.create_superuser("somebody@example.test", "secret")
    assert first_start.ensure_superadmin(place) is None
    assert User.objects.count() == 1
    assert not place.first_login.exists()


def test_a_token_is_good_for_the_exporters_of_its_kind_alone(place: Place) -> None:
    first_start.ensure_tokens(place)
    for kind in KINDS:
        found = tokens.find(place.exporter_token(kind).read_text())
        assert found is not None
        assert found.exporter_kind == kind
    # Files that were mixed up.
    place.exporter_token("addreality").write_text(place.exporter_token("cubic").read_text())
    assert first_start.ensure_tokens(place) == [TokenKind.EXPORTER]
    found = tokens.find(place.exporter_token("addreality").read_text())
    assert found is not None
    assert found.exporter_kind == "addreality"


def test_commands_go_somewhere_visible_until_there_is_a_real_gateway(db: None) -> None:
    made = first_start.ensure_gateway()
    assert made is not None
    assert (made.driver, made.platform, made.enabled) == ("console", None, True)
    assert AuditEntry.objects.filter(action=Action.CREATED).count() == 1
    assert first_start.ensure_gateway() is None
    SmsGateway.objects.update(driver="kannel")
    assert first_start.ensure_gateway() is None
