"""What all pages of the admin share: their context, the sidebar, and the selects of their forms."""

import re
from html import unescape

import pytest
from django import forms
from django.contrib import admin
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.test import RequestFactory
from django.utils import translation
from unfold.sites import UnfoldAdminSite
from unfold.widgets import UnfoldAdminSelectWidget

from platforms.models import Membership, Platform, User
from platforms.roles import Role
from tests.conftest import ClientOf

WHO = ("root", "alice", "mona", "ursula", "bob")


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_a_page_is_given_what_unfold_gives_it(who: str, request: pytest.FixtureRequest) -> None:
    """One person after the other, in both languages: what is kept for all holds for each."""
    for language in ("en", "ru", "en"):
        asked = RequestFactory().get("/admin/platforms/site/")
        asked.user = request.getfixturevalue(who)
        with translation.override(language):
            ours = admin.site.each_context(asked)
            theirs = UnfoldAdminSite.each_context(admin.site, asked)
            for own in ("log_entries", "sidebar_navigation"):
                theirs.pop(own)
            assert {name: str(ours[name]) for name in theirs} == {
                name: str(value) for name, value in theirs.items()
            }


def open_links(page: str) -> list[str]:
    """Return the addresses in the sidebar that stand out."""
    return re.findall(r'<a href="([^"]+)" class="[^"]* active">', page)


@pytest.mark.django_db
def test_the_sidebar_shows_which_page_is_open(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    for path, stand_out in (
        ("/admin/", ["/admin/"]),
        ("/admin/platforms/site/", ["/admin/platforms/site/"]),
        ("/admin/platforms/site/add/", ["/admin/platforms/site/"]),
        ("/admin/password_change/", []),
    ):
        assert open_links(browser.get(path).content.decode()) == stand_out, path


@pytest.mark.django_db
def test_the_sidebar_reads_in_the_language_of_each_reader(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    for language, word in (("en", "Sockets"), ("ru", "Розетки"), ("en", "Sockets")):
        browser.cookies["django_language"] = language
        assert f"<span>{word}</span>" in browser.get("/admin/platforms/site/").content.decode()


@pytest.mark.django_db
def test_the_sidebar_follows_a_change_of_role_at_once(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    for role, members in ((Role.ADMIN, True), (Role.VIEWER, False), (Role.ADMIN, True)):
        Membership.objects.filter(user=alice).update(role=role)
        text = browser.get("/admin/platforms/site/").content.decode()
        assert ('href="/admin/platforms/membership/"' in text) is members


@pytest.mark.django_db
def test_two_of_one_role_are_led_to_their_own_platforms(
    alice: User, charlie: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    for person, platform in ((alice, platform_a), (charlie, platform_b)):
        text = client_of(person).get("/admin/platforms/site/").content.decode()
        limits = re.findall(r'href="/admin/platforms/platform/(\d+)/change/"', text)
        assert limits == [str(platform.pk)]


class Coloured(forms.Select):
    """A select that gives its options attributes of their own."""

    def create_option(self, *args: object, **kwargs: object) -> dict[str, object]:
        """Mark one option."""
        option: dict[str, object] = super().create_option(*args, **kwargs)  # type: ignore[arg-type]
        if option["value"] == 2:
            option["attrs"] = {**option["attrs"], "data-kind": "x<y", "disabled": True}  # type: ignore[dict-item]
        return option


class Templated(forms.SelectMultiple):
    """A select whose options have a template of their own."""

    option_template_name = "django/forms/widgets/radio_option.html"


CHOICES = [("", "—"), (1, "one & <two>"), ("A group", [(2, 'two "2"'), ("three", "3")])]


@pytest.mark.parametrize("kind", [forms.Select, Coloured, Templated, forms.SelectMultiple])
def test_a_select_is_written_as_django_writes_it(kind: type[forms.Select]) -> None:
    widget = kind(attrs={"id": "id_x", "required": True}, choices=CHOICES)
    chosen = [2, ""] if widget.allow_multiple_selected else 2
    ours = widget.render("x", chosen, renderer=get_default_renderer())
    theirs = widget.render("x", chosen, renderer=DjangoTemplates())
    assert "selected" in ours or kind is Templated
    assert ours.split() == theirs.split()


def test_a_select_of_unfold_has_the_same_options() -> None:
    widget = UnfoldAdminSelectWidget(attrs={"id": "id_x"}, choices=CHOICES)
    ours = widget.render("x", 2, renderer=get_default_renderer())
    theirs = widget.render("x", 2, renderer=DjangoTemplates())
    assert ours != theirs, "else it is theirs that was rendered"
    assert unescape(ours).split() == unescape(theirs).split()
