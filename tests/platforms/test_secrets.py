"""Secrets in rows: encrypted, bound to their row, never shown."""

import copy
import json
import pickle
from collections.abc import Iterator
from io import StringIO
from typing import Any, ClassVar

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models
from django.forms import ModelForm, modelform_factory
from django.forms.models import model_to_dict
from django.test.utils import isolate_apps
from hypothesis import given, strategies as st
from pytest_django import DjangoDbBlocker, Settings

from exporters.models import PrometheusConnection
from platforms.keyring import KeyRing, KeyRingError, key_id
from platforms.secret_rotation import rotate
from platforms.secrets import (
    KEPT,
    EncryptedField,
    Secret,
    SecretRow,
    WriteOnlySecretField,
)

FIRST, SECOND, THIRD = "first-" + "a" * 40, "second-" + "b" * 40, "third-" + "c" * 40
CANARY = "canary-7b1f9e-token"

with isolate_apps("platforms"):

    class Vault(SecretRow):
        """A row with a secret that may be missing and one that may not."""

        objects: "ClassVar[models.Manager[Vault]]" = models.Manager()

        name = models.CharField(max_length=20)
        token = EncryptedField(blank=True, default="")
        other = EncryptedField(blank=True, default="")
        needed = EncryptedField()

        class Meta:
            app_label = "platforms"

    class Unbound(models.Model):  # noqa: DJ008 - nobody sees it
        """A secret without the row's context: a mistake."""

        token = EncryptedField()

        class Meta:
            app_label = "platforms"


@pytest.fixture(scope="module")
def vault_table(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Vault)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(Vault)
        connection.close()  # a test that follows without a database finds none open


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> Settings:
    settings.REMOSA_SECRET_KEYS = [FIRST]
    return settings


@pytest.fixture
def vault(vault_table: None, db: None) -> Vault:
    row = Vault(name="one", token=CANARY, needed="n")
    row.save()
    return row


def stored(row: models.Model, column: str = "token") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        text: str = cursor.fetchone()[0]
        return text


def store(row: models.Model, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET token = %s WHERE id = %s", [text, row.pk])


# -- the key ring -------------------------------------------------------------------------------


@given(st.text(), st.text(alphabet=st.characters(codec="utf-8")))
def test_what_is_sealed_opens_in_its_context_alone(context: str, text: str) -> None:
    context = context.encode("utf-8", "replace").decode()
    ring = KeyRing([FIRST])
    sealed = ring.seal(text, context)
    assert ring.unseal(sealed, context) == text
    with pytest.raises(KeyRingError):
        ring.unseal(sealed, context + "x")


def test_every_key_of_the_ring_opens_and_the_first_seals() -> None:
    sealed = KeyRing([FIRST]).seal("s", "c")
    ring = KeyRing([SECOND, FIRST])
    assert ring.unseal(sealed, "c") == "s"
    assert not ring.is_current(sealed)
    assert ring.is_current(ring.seal("s", "c"))


@pytest.mark.parametrize(
    ("keys", "sealed", "code", "remedy"),
    [
        ([], "1$x$y", "no_keys", "REMOSA_SECRET_KEYS"),
        ([FIRST], KeyRing([SECOND]).seal("s", "c"), "key_lost", "REMOSA_SECRET_KEYS"),
        ([FIRST], KeyRing([FIRST]).seal("s", "d"), "damaged", "enter the secret anew"),
        ([FIRST], KeyRing([FIRST]).seal("s", "c")[:-9], "damaged", "enter the secret anew"),
        ([FIRST], "", "damaged", "enter the secret anew"),
        ([FIRST], "plain text", "damaged", "enter the secret anew"),
        ([FIRST], f"1${key_id(FIRST)}$я", "damaged", "enter the secret anew"),
        ([FIRST], f"2${key_id(FIRST)}$x", "damaged", "enter the secret anew"),
    ],
)
def test_what_does_not_open_says_what_to_do(
    keys: list[str], sealed: str, code: str, remedy: str
) -> None:
    with pytest.raises(KeyRingError) as caught:
        KeyRing(keys).unseal(sealed, "c")
    assert caught.value.code == code
    assert remedy in str(caught.value)


def test_a_short_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(KeyRingError, match="32 characters"):
        KeyRing([FIRST, "short"])
    assert FIRST not in repr(KeyRing([FIRST]))
    assert FIRST[:8] not in key_id(FIRST)


# -- rows ---------------------------------------------------------------------------------------


def test_a_secret_is_stored_encrypted_and_comes_back(vault: Vault) -> None:
    assert CANARY not in stored(vault)
    assert Vault.objects.get().token.reveal() == CANARY


def test_a_row_can_be_read_before_and_after_it_is_saved() -> None:
    assert Vault(token=CANARY).token.reveal() == CANARY
    assert Vault().token.reveal() == ""
    assert not Vault().token


def test_saving_again_keeps_the_secret(vault: Vault) -> None:
    vault.name = "two"
    vault.save()
    row = Vault.objects.defer("token").get()
    row.save()
    assert Vault.objects.get().token.reveal() == CANARY


def test_many_rows_at_once_are_encrypted_each_for_itself(vault_table: None, db: None) -> None:
    Vault.objects.bulk_create([Vault(name=str(n), token=f"t{n}", needed="n") for n in range(3)])
    rows = list(Vault.objects.order_by("name"))
    assert [row.token.reveal() for row in rows] == ["t0", "t1", "t2"]
    for row in rows:
        row.token = row.token.reveal() + "x"
    Vault.objects.bulk_update(rows, ["token"])
    assert [row.token.reveal() for row in Vault.objects.order_by("name")] == ["t0x", "t1x", "t2x"]


def test_a_ciphertext_copied_to_another_row_does_not_open(vault: Vault) -> None:
    other = Vault.objects.create(name="two", needed="n")
    store(other, stored(vault))
    problem = Vault.objects.get(pk=other.pk).token.problem()
    assert problem is not None
    assert problem.code == "damaged"


def test_a_ciphertext_copied_to_another_field_does_not_open(vault: Vault) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Vault._meta.db_table} SET other = token")
    assert Vault.objects.get().other.problem() is not None
    assert Vault.objects.get().token.problem() is None


def test_a_ciphertext_copied_to_another_model_does_not_open(vault: Vault) -> None:
    row = PrometheusConnection(pk=1, url="http://127.0.0.1", secret_context=vault.secret_context)
    row.secret = Secret(stored(vault))
    assert row.secret.problem() is not None


def test_no_two_rows_hold_one_context(vault: Vault) -> None:
    with pytest.raises(IntegrityError):
        Vault.objects.create(name="two", needed="n", secret_context=vault.secret_context)


def test_a_secret_given_to_another_row_by_code_opens_there(vault: Vault) -> None:
    other = Vault(name="two", needed="n")
    other.token = vault.token
    other.save()
    assert Vault.objects.get(name="two").token.reveal() == CANARY


def test_a_plain_secret_cannot_be_written_or_searched_by_a_query(vault: Vault) -> None:
    assert Vault.objects.exclude(token="").count() == 1
    with pytest.raises(TypeError, match="set on its row"):
        Vault.objects.filter(token="plain").exists()
    with pytest.raises(TypeError, match="set on its row"):
        Vault.objects.update(token="plain")


def test_a_lost_key_breaks_no_page_and_no_save(vault: Vault, keys: Settings) -> None:
    keys.REMOSA_SECRET_KEYS = [SECOND]
    row = Vault.objects.get()
    before = stored(row)
    row.name = "renamed"
    row.save()
    assert row.token
    assert stored(row) == before
    with pytest.raises(KeyRingError, match="add that key again"):
        row.token.reveal()


def test_without_any_key_a_new_secret_says_what_to_set(vault: Vault, keys: Settings) -> None:
    keys.REMOSA_SECRET_KEYS = ["", " "]
    vault.token = "new"
    with pytest.raises(KeyRingError, match="set REMOSA_SECRET_KEYS"):
        vault.save()


def test_a_model_without_a_context_fails_the_system_check() -> None:
    field = Unbound._meta.get_field("token")
    assert [error.id for error in field.check()] == ["platforms.E101"]
    assert Vault._meta.get_field("token").check() == []


# -- nowhere to be seen -------------------------------------------------------------------------


def test_no_way_of_showing_a_row_shows_its_secret(vault: Vault) -> None:
    row = Vault.objects.get()
    row.other = CANARY
    shown = [
        f"{row.token} {row.token!r} {row.other} {row.other!r}",
        json.dumps(model_to_dict(row), default=str),
        repr(list(Vault.objects.values())),
        repr(list(Vault.objects.values_list("token", "needed"))),
        *(serializers.serialize(kind, [row]) for kind in ("json", "xml")),
        repr(vars(row)),
        repr(row.token.problem()),
    ]
    for text in shown:
        assert CANARY not in text
    dumped = json.loads(serializers.serialize("json", [row]))[0]["fields"]
    assert dumped["token"] == dumped["other"] == ""


def test_a_pickle_holds_it_encrypted_and_a_copy_stays_itself(vault: Vault) -> None:
    row = Vault(token=CANARY)
    frozen = pickle.dumps(row.token)
    assert CANARY.encode() not in frozen
    assert pickle.loads(frozen).reveal() == CANARY  # noqa: S301 - our own bytes
    assert copy.deepcopy(row.token).reveal() == copy.copy(row.token).reveal() == CANARY


def test_the_database_file_never_holds_the_plain_text(vault: Vault) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Vault._meta.db_table}")
        assert CANARY not in repr(cursor.fetchall())


# -- forms --------------------------------------------------------------------------------------

VaultForm: "type[ModelForm[Any]]" = modelform_factory(Vault, fields=["name", "token", "needed"])


def test_a_form_never_shows_the_secret(vault: Vault) -> None:
    for form in (VaultForm(instance=vault), VaultForm({"token": CANARY}, instance=vault)):
        page = form.as_p()
        assert CANARY not in page
        assert stored(vault) not in page
        assert "It is never shown" in page
        assert 'autocomplete="new-password"' in page
    assert "Not set." in VaultForm().as_p()


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({"token": ""}, CANARY),
        ({}, CANARY),
        ({"token": "  new "}, "new"),
        ({"token": "", "token-clear": "1"}, ""),
        ({"token-clear": "1"}, ""),
        ({"token": "new", "token-clear": "1"}, "new"),
    ],
)
def test_an_empty_box_keeps_a_text_replaces_and_the_clear_box_clears(
    vault: Vault, posted: dict[str, str], expected: str
) -> None:
    form = VaultForm({"name": "one", "needed": "", **posted}, instance=vault)
    form.save()
    row = Vault.objects.get()
    assert row.token.reveal() == expected
    assert row.needed.reveal() == "n"
    assert ("token" in form.changed_data) == (expected != CANARY)


def test_a_needed_secret_must_be_given_once_and_cannot_be_cleared(vault: Vault) -> None:
    fresh = VaultForm({"name": "two", "needed": ""})
    assert list(fresh.errors) == ["needed"]
    assert "required" in str(VaultForm()["needed"])
    page = str(VaultForm(instance=vault)["needed"])
    assert "required" not in page
    assert "needed-clear" not in page
    VaultForm({"name": "x", "needed": "", "needed-clear": "1"}, instance=vault).save()
    assert Vault.objects.get().needed.reveal() == "n"


def test_a_form_without_keys_names_the_setting(vault: Vault, keys: Settings) -> None:
    keys.REMOSA_SECRET_KEYS = []
    form = VaultForm({"name": "one", "token": "new"}, instance=vault)
    assert "REMOSA_SECRET_KEYS" in str(form.errors["token"])
    assert "unreadable" in VaultForm(instance=vault).as_p()
    assert VaultForm({"name": "renamed"}, instance=vault).save().name == "renamed"


@pytest.mark.parametrize("text", ["x" * 4097, "a\x00b"])
def test_a_secret_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        WriteOnlySecretField().clean(text)
    assert WriteOnlySecretField().clean(KEPT) is KEPT


# -- rotation -----------------------------------------------------------------------------------


def test_rotation_seals_everything_with_the_first_key(vault: Vault, keys: Settings) -> None:
    keys.REMOSA_SECRET_KEYS = [SECOND, FIRST]
    done = rotate([Vault])
    assert (done.resealed, done.current, done.unreadable) == (2, 0, [])
    assert rotate([Vault]).current == 2
    keys.REMOSA_SECRET_KEYS = [SECOND]
    assert Vault.objects.get().token.reveal() == CANARY


def test_rotation_names_what_it_cannot_read_and_does_the_rest(vault: Vault, keys: Settings) -> None:
    keys.REMOSA_SECRET_KEYS = [THIRD]
    Vault.objects.create(name="two", needed="n")
    keys.REMOSA_SECRET_KEYS = [SECOND, FIRST]
    done = rotate([Vault])
    assert done.resealed == 2
    assert len(done.unreadable) == 1
    assert "needed" in done.unreadable[0]


def test_the_rotation_command_reports_and_fails_on_the_unreadable(db: None, keys: Settings) -> None:
    PrometheusConnection.objects.create(pk=1, url="http://127.0.0.1:9090", secret=CANARY)
    keys.REMOSA_SECRET_KEYS = [SECOND, FIRST]
    out = StringIO()
    call_command("rotate_secrets", stdout=out)
    assert "Encrypted anew: 1" in out.getvalue()
    keys.REMOSA_SECRET_KEYS = [FIRST]
    with pytest.raises(CommandError, match="do not take the old key away"):
        call_command("rotate_secrets", stdout=out, stderr=out)
    keys.REMOSA_SECRET_KEYS = []
    with pytest.raises(CommandError, match="set REMOSA_SECRET_KEYS"):
        call_command("rotate_secrets", stdout=out)
    assert CANARY not in out.getvalue()
