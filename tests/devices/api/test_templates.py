"""Socket models and command templates over the API: the catalogue's, and people's own."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from devices import synchronisation
from devices.models import CommandTemplate
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
LIST = "/api/v1/command-templates"
WORDS = {"en": "Ask twice", "ru": "Спросить дважды"}
DEFINITION: dict[str, Any] = {
    "key": "ask_twice",
    "name": WORDS,
    "help": WORDS,
    "danger": "none",
    "sequence": [
        {"code": "#07#", "effect": "query"},
        {"code": "#07#", "effect": "query", "after": 30},
    ],
}


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    synchronisation.synchronise()


def body(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a new template's body."""
    definition = DEFINITION | fields.pop("definition", {})
    new = {"platform_id": platform.pk, "model": "simpal_d210", "definition": definition}
    return new | fields


def test_models_and_their_commands_are_for_every_member(
    api_of: ApiOf, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_of(bob)
    models = client.get("/api/v1/device-models").json()["results"]
    d410 = next(each for each in models if each["key"] == "simpal_d410")
    assert (d410["lines"], bool(d410["about"])) == (2, True)
    assert client.get(f"/api/v1/device-models/{d410['id']}").json() == d410
    with django_assert_num_queries(5):  # session, account, may I, count, rows
        told = client.get(f"{LIST}?model=simpal_d210").json()
    assert told["count"] == len(told["results"]) > 30
    cycle = next(each for each in told["results"] if each["key"] == "power_cycle")
    assert (cycle["platform_id"], cycle["definition"]) == (None, None)
    assert cycle["shape"]["danger"] == "power"
    minutes = cycle["shape"]["parameters"][0]
    assert (minutes["name"], minutes["kind"], minutes["minimum"]) == ("minutes", "integer", 1)
    assert client.get(f"{LIST}/{cycle['id']}").json() == cycle
    russian = client.get(f"{LIST}/{cycle['id']}", headers={"Accept-Language": "ru"}).json()
    assert russian["shape"]["name"] != cycle["shape"]["name"]
    reset = client.get(f"{LIST}?model=simpal_d210&key=factory_reset").json()["results"][0]
    assert reset["shape"]["needs_confirmation"] is True
    assert reset["shape"]["parameters"][0]["secret"] is True


@pytest.mark.both_databases
def test_a_template_is_made_changed_withdrawn_and_offered_again(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    made = client.post(LIST, body(platform_a, for_jobs=True), "json")
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["key"], told["for_jobs"], told["shape"]["name"]) == (
        "ask_twice",
        True,
        "Ask twice",
    )
    assert [step["after"] for step in told["shape"]["messages"]] == [0, 30]
    address = f"{LIST}/{told['id']}"
    longer = {**DEFINITION, "name": {"en": "Ask again", "ru": "Ещё раз"}}
    changed = client.patch(address, {"definition": longer, "for_jobs": False}, "json").json()
    assert (changed["shape"]["name"], changed["for_jobs"]) == ("Ask again", False)
    gone = client.patch(address, {"withdrawn": True}, "json").json()
    assert gone["withdrawn_at"]
    assert client.get(f"{LIST}?shared=false").json()["count"] == 0
    assert client.get(f"{LIST}?withdrawn=true&platform_id={platform_a.pk}").json()["count"] == 1
    assert client.patch(address, {"withdrawn": False}, "json").json()["withdrawn_at"] is None
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts == ["created", *["changed"] * 3]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"definition": {"danger": "none", "sequence": []}}, "definition"),
        ({"definition": {"sequence": [{"code": "hello", "effect": "query"}]}}, "definition"),
        ({"definition": {"sequence": [{"code": "{x}", "effect": "query"}]}}, "definition"),
        ({"definition": {"sequence": [{"code": "#01#1#", "effect": "query"}]}}, "definition"),
        ({"definition": {"key": "status"}}, "definition"),
        ({"definition": {"more": 1}}, "definition"),
        ({"definition": {"help": {"en": "x" * 30_000, "ru": "x"}}}, "definition"),
        ({"model": "no_such"}, "model"),
        ({"key": "mine"}, "key"),
        ({"platform_id": None}, "platform_id"),
        ({"platform_id": 987654321}, "platform_id"),
    ],
)
def test_what_sockets_would_not_understand_is_refused(
    fields: dict[str, Any], named: str, api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    refused = api_of(alice).post(LIST, body(platform_a, **fields), "json")
    assert refused.status_code == 400, refused.content
    assert list(refused.json()["error"]["fields"]) == [named]
    assert not CommandTemplate.objects.filter(platform=platform_a).exists()


def test_a_template_that_is_more_dangerous_than_it_says_is_refused(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    reset = {"code": "#08#{password}#", "effect": "config"}
    parameter = {
        "name": "password", "kind": "pin", "label": WORDS, "help": WORDS, "secret": True,
    }  # fmt: skip
    definition = {"danger": "none", "sequence": [reset], "parameters": [parameter]}
    refused = api_of(alice).post(LIST, body(platform_a, definition=definition), "json")
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == ["definition"]


def test_a_key_is_there_once_a_platform_and_never_changes(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client = api_of(alice)
    address = f"{LIST}/{client.post(LIST, body(platform_a), 'json').json()['id']}"
    assert client.post(LIST, body(platform_a), "json").status_code == 400
    for change in (
        {"definition": {**DEFINITION, "key": "other"}},
        {"model": "simpal_d410"},
        {"platform_id": None},
    ):
        assert client.patch(address, change, "json").status_code == 400
    assert CommandTemplate.objects.get(platform=platform_a).key == "ask_twice"


def test_own_templates_are_their_managers_and_the_catalogue_is_nobody_s(
    api_of: ApiOf, root: User, alice: User, ursula: User, charlie: User, platform_a: Platform
) -> None:
    made = api_of(alice).post(LIST, body(platform_a), "json").json()
    address = f"{LIST}/{made['id']}"
    assert api_of(ursula).get(address).status_code == 200
    assert api_of(ursula).patch(address, {"withdrawn": True}, "json").status_code == 403
    foreign, nobody = (api_of(charlie).get(f"{LIST}/{pk}") for pk in (made["id"], 987654321))
    assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert api_of(charlie).post(LIST, body(platform_a), "json").status_code == 400
    shared = CommandTemplate.objects.get(key="status", model__key="simpal_d210")
    catalogue = f"{LIST}/{shared.pk}"
    assert api_of(alice).patch(catalogue, {"for_jobs": False}, "json").status_code == 403
    for change in ({"withdrawn": True}, {"definition": DEFINITION}):
        assert api_of(root).patch(catalogue, change, "json").status_code == 400
    assert api_of(root).patch(catalogue, {"for_jobs": False}, "json").status_code == 200
    reset = CommandTemplate.objects.get(key="factory_reset", model__key="simpal_d210")
    assert api_of(root).patch(f"{LIST}/{reset.pk}", {"for_jobs": True}, "json").status_code == 400


def test_superadmins_write_templates_for_all_platforms(
    api_of: ApiOf, root: User, bob: User, platform_a: Platform
) -> None:
    made = api_of(root).post(LIST, body(platform_a, platform_id=None), "json")
    assert made.status_code == 201, made.content
    assert api_of(bob).get(f"{LIST}/{made.json()['id']}").json()["platform_id"] is None


def test_a_template_that_left_the_catalogue_is_told_without_its_shape(
    api_of: ApiOf, bob: User
) -> None:
    shared = CommandTemplate.objects.get(key="status", model__key="simpal_d210")
    CommandTemplate.objects.filter(pk=shared.pk).update(key="of_old")
    told = api_of(bob).get(f"{LIST}/{shared.pk}")
    assert (told.status_code, told.json()["shape"]) == (200, None)


def test_a_restart_alone_is_marked_for_the_reboot_button(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    refused = client.post(LIST, body(platform_a, for_reboot=True), "json")
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["for_reboot"])
    cycle = {"key": "own_cycle", "danger": "power", "lines": [1]}
    sequence = [
        {"code": "#02#0#", "effect": "off"},
        {"code": "#01#0#", "effect": "on", "after": 30},
    ]
    own = body(platform_a, definition=cycle | {"sequence": sequence}, for_reboot=True)
    made = client.post(LIST, own, "json")
    assert (made.status_code, made.json().get("for_reboot")) == (201, True), made.content
    catalogues = CommandTemplate.objects.get(key="power_cycle", model__key="simpal_d210")
    marked = client.patch(f"{LIST}/{catalogues.pk}", {"for_reboot": True}, "json")
    assert marked.status_code in (400, 403)
