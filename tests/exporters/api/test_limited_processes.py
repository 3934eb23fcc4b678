"""A process whose token is limited to a platform is listed so, and stays so."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exporters import targets
from exporters.models import ExporterProcess
from platforms import tokens
from platforms.models import ApiToken, AuditEntry, Platform, TokenKind
from tests import factories
from tests.conftest import ApiOf
from tests.exporters.api.test_processes import ANNOUNCE, TARGETS, body, discovery, token

pytestmark = pytest.mark.django_db
__all__ = ["discovery", "token"]  # fixtures


def limited(platform: Platform) -> tuple[ApiToken, str]:
    """Return an exporter token for one platform, and its secret."""
    return factories.make_token(TokenKind.EXPORTER, platform=platform)


def speaks_for() -> list[str | None]:
    """Return the platform that each target may speak for; None for all."""
    return [group["labels"].get("token_platform") for group in targets.groups()]


@pytest.mark.both_databases
def test_the_target_of_a_limited_process_says_for_which_platform_it_speaks(
    api_of: ApiOf, token: tuple[ApiToken, str], discovery: str, platform_a: Platform
) -> None:
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    api_of(limited(platform_a)[1]).post(ANNOUNCE, body(instance="cubic-2", port=19102), "json")
    first, second = (group["labels"] for group in api_of(discovery).get(TARGETS).json())
    assert "token_platform" not in first
    assert second["token_platform"] == str(platform_a.pk)


@pytest.mark.both_databases
@pytest.mark.parametrize("end", ["expired", "deleted"])
def test_a_process_stays_limited_when_its_token_is_over(
    api_of: ApiOf, platform_a: Platform, end: str
) -> None:
    row, secret = limited(platform_a)
    api_of(secret).post(ANNOUNCE, body(), "json")
    if end == "deleted":
        row.delete()
    else:
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert speaks_for() == [str(platform_a.pk)]


@pytest.mark.both_databases
def test_a_process_whose_token_was_revoked_is_believed_no_more(
    api_of: ApiOf, platform_a: Platform
) -> None:
    row, secret = limited(platform_a)
    api_of(secret).post(ANNOUNCE, body(), "json")
    tokens.revoke(row)
    assert targets.groups() == []
    again, secret = limited(platform_a)
    assert api_of(secret).post(ANNOUNCE, body(), "json").status_code == 200
    assert speaks_for() == [str(platform_a.pk)], "a new token of the same process"
    ExporterProcess.objects.update(pinned=True)
    tokens.revoke(again)
    assert len(targets.groups()) == 1, "whoever pinned it answers for it"


@pytest.mark.both_databases
def test_a_limited_process_goes_with_its_platform(api_of: ApiOf, platform_a: Platform) -> None:
    api_of(limited(platform_a)[1]).post(ANNOUNCE, body(), "json")
    platform_a.delete()
    assert targets.groups() == []


def test_a_token_for_all_platforms_takes_the_name_of_a_limited_one_that_is_over(
    api_of: ApiOf, token: tuple[ApiToken, str], platform_a: Platform
) -> None:
    row, secret = limited(platform_a)
    api_of(secret).post(ANNOUNCE, body(), "json")
    tokens.revoke(row)
    assert api_of(token[1]).post(ANNOUNCE, body(port=19102), "json").status_code == 200
    assert (speaks_for(), targets.groups()[0]["targets"]) == ([None], ["127.0.0.1:19102"])
    last = AuditEntry.objects.latest("pk")
    assert (last.before["limited_to_id"], last.after["limited_to_id"]) == (platform_a.pk, None)


@pytest.mark.parametrize("before", ["all", "another", "pinned"])
def test_a_limited_process_takes_no_name_that_speaks_for_others(
    api_of: ApiOf, platform_a: Platform, platform_b: Platform, before: str
) -> None:
    """Else the players of others would become unknown: its scrapes would replace theirs."""
    if before == "pinned":
        ExporterProcess.objects.create(
            kind="cubic", instance="cubic-1", address="127.0.0.1:19101", pinned=True
        )
    else:
        platform = platform_b if before == "another" else None
        row, secret = factories.make_token(TokenKind.EXPORTER, platform=platform)
        api_of(secret).post(ANNOUNCE, body(), "json")
        tokens.revoke(row)
    was = ExporterProcess.objects.get()
    answer = api_of(limited(platform_a)[1]).post(ANNOUNCE, body(port=19102), "json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert "EXPORTER_INSTANCE" in answer.json()["error"]["message"]
    after = ExporterProcess.objects.get()
    assert (after.limited_to_id, after.address) == (was.limited_to_id, "127.0.0.1:19101")


def test_a_limited_process_takes_the_name_of_its_platforms_former_one(
    api_of: ApiOf, platform_a: Platform
) -> None:
    for port in (19101, 19102):
        row, secret = limited(platform_a)
        assert api_of(secret).post(ANNOUNCE, body(port=port), "json").status_code == 200
        assert targets.groups()[0]["targets"] == [f"127.0.0.1:{port}"]
        tokens.revoke(row)


def test_who_pins_a_process_says_what_it_speaks_for(
    api_of: ApiOf, token: tuple[ApiToken, str], platform_a: Platform
) -> None:
    ExporterProcess.objects.create(
        kind="cubic",
        instance="cubic-1",
        address="127.0.0.1:19101",
        pinned=True,
        limited_to=platform_a,
    )
    assert api_of(token[1]).post(ANNOUNCE, body(), "json").status_code == 200
    assert speaks_for() == [str(platform_a.pk)]
