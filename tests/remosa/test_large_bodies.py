"""A body that no page takes is refused before it is read; a bounded page says so in its words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from exporters.models import Exporter
from platforms.models import User
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(settings: Settings) -> SimpleUploadedFile:
    """A file of more bytes than a body may have."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    return SimpleUploadedFile("a.bin", b"a" * 1001)


@pytest.mark.parametrize("page", ["/admin/login/", "/password-reset/", "/i18n/setlang/"])
def test_a_stranger_stores_no_file(page: str, file: SimpleUploadedFile) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    answer = browser.post(page, {"file": file})
    assert (answer.status_code, answer.content) == (413, b"The body is too long.")


def test_a_member_stores_none_either(
    bob: User, client_of: ClientOf, file: SimpleUploadedFile
) -> None:
    answer = client_of(bob).post("/admin/password_change/", {"file": file})
    assert answer.status_code == 413


def test_the_pages_of_long_lists_answer_by_themselves(
    alice: User, exporter_a: Exporter, client_of: ClientOf, file: SimpleUploadedFile
) -> None:
    page = f"/admin/exporters/exporter/{exporter_a.pk}/import/"
    answer = client_of(alice).post(page, {"file": file})
    assert answer.status_code == 413
    assert "go back and send it in parts" in answer.content.decode()


def test_the_api_keeps_its_shape(alice: User, client_of: ClientOf, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client_of(alice).post("/api/v1/exporters", {"name": "a" * 1001}, "application/json")
    assert answer.json()["error"]["code"] == "too_large"
