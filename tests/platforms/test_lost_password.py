"""The way back in that docs/deployment.md describes for a lost superadmin password."""

import getpass
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from platforms.models import User
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"
NEW = "a quiet long word"


@pytest.fixture(autouse=True)
def type_the_new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the terminal."""
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": NEW)


def enters(email: str) -> bool:
    """Tell whether the new password lets somebody in."""
    form = {"username": email, "password": NEW}
    return Client().post("/admin/login/", form).status_code == 302


def test_changepassword_lets_a_superadmin_in_again_and_ends_open_sessions(
    root: User, client_of: ClientOf
) -> None:
    stolen = client_of(root)
    assert not enters(root.email)
    call_command("changepassword", root.email)
    assert enters(root.email)
    assert stolen.get("/admin/").status_code == 302


def test_createsuperuser_makes_a_superadmin_who_comes_in(db: None) -> None:
    call_command("createsuperuser", email="Second@Example.test", interactive=False)
    call_command("changepassword", "second@example.test")
    assert enters("second@example.test")
    assert User.objects.get(email="second@example.test").is_superuser


@pytest.mark.parametrize("command", ["changepassword", "createsuperuser"])
def test_the_page_on_deployment_names_the_way(command: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## A lost superadmin password")[2]
    assert command in section.partition("\n## ")[0]
