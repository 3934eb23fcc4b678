"""SMS gateways: superadmins' alone, secrets written and never shown, tried without any risk."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_httpserver import HTTPServer

from devices import catalogue, gateway_trials
from devices.gateways import DRIVERS
from devices.models import SmsGateway
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.devices.world import give, make_gateway, make_socket

ADD = "admin:devices_smsgateway_add"
LIST = "admin:devices_smsgateway_changelist"
KEY, SIGNING = "canary-of-the-gateway", "canary-of-the-webhook"


def page(gateway: SmsGateway, name: str = "change") -> str:
    return reverse(f"admin:devices_smsgateway_{name}", args=[gateway.pk])


def typed(driver: str = "http", **fields: Any) -> dict[str, Any]:
    values = {"driver": driver, "name": "Office", "enabled": "on", "at_once": "2"}
    if driver != "console":
        values |= {"address": "http://192.0.2.7:8080", "secret": KEY}
    if driver == "http":
        values |= {"setting_parameters": "form", "setting_phone_format": "e164"}
    return {**values, **fields}


def errors(answer: Any) -> list[str]:
    assert answer.status_code == 200, "nothing was refused"
    return list(answer.context["adminform"].form.errors)


def made(client: Client, **fields: Any) -> SmsGateway:
    answer = client.post(reverse(ADD), typed(**fields))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    gateway: SmsGateway = SmsGateway.objects.latest("pk")
    return gateway


def test_nobody_but_a_superadmin_knows_of_gateways(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    gateway, client = make_gateway(platform_a), client_of(alice)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.post(reverse(ADD), typed()).status_code == 403
    for name in ("change", "delete", "check_now", "send_test"):
        assert client.get(page(gateway, name)).status_code in (403, 404)
    menu = client.get(reverse("admin:index")).content.decode()
    assert "smsgateway" not in menu


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_form_asks_for_what_the_driver_needs(
    client_of: ClientOf, root: User, driver: str
) -> None:
    form = client_of(root).get(reverse(ADD), {"driver": driver}).context["adminform"].form
    wanted = {f"setting_{each.name}" for each in DRIVERS[driver].settings}
    assert {name for name in form.fields if name.startswith("setting_")} == wanted
    assert ("address" in form.fields) == DRIVERS[driver].needs_address


def test_the_driver_is_asked_for_first(client_of: ClientOf, root: User) -> None:
    text = client_of(root).get(reverse(ADD)).content.decode()
    assert all(f"driver={name}" in text for name in DRIVERS)


def test_secrets_are_stored_sealed_and_shown_to_nobody(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    gateway = made(client, setting_signing_key=SIGNING)
    account = gateway.account()
    assert (account.secret, account.settings["signing_key"]) == (KEY, SIGNING)
    assert "signing_key" not in gateway.settings
    pages = [page(gateway), reverse(LIST), page(gateway, "check_now"), page(gateway, "send_test")]
    pages += [reverse("admin:platforms_auditentry_changelist")]
    pages += [
        reverse("admin:platforms_auditentry_change", args=[pk])
        for pk in AuditEntry.objects.values_list("pk", flat=True)
    ]
    text = "".join(client.get(each).content.decode() for each in pages)
    text += json.dumps([[row.before, row.after] for row in AuditEntry.objects.all()])
    assert KEY not in text
    assert SIGNING not in text
    raw = SmsGateway.objects.values_list("secret", "secrets").get(pk=gateway.pk)
    assert KEY not in raw[0].sealed()
    assert SIGNING not in raw[1].sealed()


def test_an_empty_box_keeps_a_secret_and_the_record_tells_of_a_new_one(
    client_of: ClientOf, root: User
) -> None:
    client = client_of(root)
    gateway = made(client, setting_signing_key=SIGNING)
    client.post(page(gateway), typed(secret="", setting_signing_key="", name="Renamed"))
    gateway.refresh_from_db()
    assert (gateway.name, gateway.account().secret) == ("Renamed", KEY)
    assert AuditEntry.objects.latest("pk").after == {"name": "Renamed"}
    client.post(page(gateway), typed(secret="", setting_signing_key="other", name="Renamed"))
    told = AuditEntry.objects.latest("pk")
    assert (told.after, told.platform_id) == ({"secrets": "set"}, None)


@pytest.mark.parametrize("address", ["http://192.0.2.8:8080", "https://192.0.2.7:8080"])
def test_secrets_are_not_sent_to_another_server(
    client_of: ClientOf, root: User, address: str
) -> None:
    client = client_of(root)
    gateway = made(client, setting_signing_key=SIGNING)
    answer = client.post(page(gateway), typed(address=address, secret="", setting_signing_key=""))
    assert errors(answer) == ["secret", "setting_signing_key"]
    moved = typed(address=address, secret="new", setting_signing_key="new")
    assert client.post(page(gateway), moved).status_code == 302
    path = typed(address=f"{address}/sub", secret="", setting_signing_key="")
    assert client.post(page(gateway), path).status_code == 302


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "http://user:word@192.0.2.7"}, "address"),
        ({"address": "ftp://192.0.2.7"}, "address"),
        ({"address": ""}, "address"),
        ({"secret": ""}, "secret"),
        ({"region": "XX"}, "region"),
        ({"phone": "12"}, "phone"),
        ({"at_once": "0"}, "at_once"),
        ({"setting_phone_format": "roman"}, "setting_phone_format"),
        ({"driver": "kannel", "setting_login": ""}, "setting_login"),
        ({"driver": "described", "setting_path": "{nothing}"}, "setting_path"),
    ],
)
def test_what_is_wrong_is_said_on_its_field(
    client_of: ClientOf, root: User, changes: dict[str, str], field: str
) -> None:
    answer = client_of(root).post(reverse(ADD), typed(**changes))
    assert field in errors(answer)
    assert KEY not in answer.content.decode()


def test_the_page_tells_the_address_of_the_webhook(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    gateway = made(client, setting_signing_key=SIGNING)
    text = client.get(page(gateway)).content.decode()
    assert gateway.inbox.webhook_path in text


def test_a_gateway_that_was_used_is_not_deleted(
    client_of: ClientOf, root: User, platform_a: Platform
) -> None:
    client, unused = client_of(root), make_gateway()
    used = give(make_socket(platform_a), "status").gateway
    other = make_gateway()
    assert client.post(page(used, "delete"), {"post": "yes"}).status_code == 403
    assert client.post(page(other, "delete"), {"post": "yes"}).status_code == 302
    assert SmsGateway.objects.filter(pk=used.pk).exists()
    assert unused.pk


def test_the_list_takes_as_many_queries_for_thirty_gateways_as_for_two(
    client_of: ClientOf, root: User
) -> None:
    client, counted = client_of(root), []
    for wanted in (2, 30):
        for _number in range(wanted - SmsGateway.objects.count()):
            make_gateway()
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(LIST))
        counted.append(len(queries))
    assert counted[0] == counted[1]


# -- trying it ----------------------------------------------------------------------------------


def test_a_check_sends_nothing_and_tells_what_it_found(
    client_of: ClientOf, root: User, httpserver: HTTPServer
) -> None:
    listed = {"sms_messages": [{"from": "+79001112233", "message": "hello"}]}
    httpserver.expect_request("/sms", method="GET").respond_with_json(listed)
    client = client_of(root)
    gateway = made(client, address=httpserver.url_for("").rstrip("/"))
    assert client.get(page(gateway, "check_now")).status_code == 200
    assert httpserver.log == []
    text = client.post(page(gateway, "check_now"), follow=True).content.decode()
    assert "new messages: 1" in text
    assert gateway.incoming.count() == 1, "what a gateway lists once must not be lost"
    assert [request.path for request, _answer in httpserver.log] == ["/sms"]


def test_a_check_says_that_nobody_answers(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    gateway = made(client, address="http://127.0.0.1:9")
    text = client.post(page(gateway, "check_now"), follow=True).content.decode()
    assert "Nobody answers at the address of the gateway." in text


def test_a_test_message_goes_out_once_with_its_fixed_text(
    client_of: ClientOf, root: User, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/send", method="POST").respond_with_data("Ok")
    client = client_of(root)
    gateway = made(client, address=httpserver.url_for("").rstrip("/"), region="RU")
    shown = client.get(page(gateway, "send_test")).context["form"]["page"].value()
    posted = {"phone": "8 912 345-67-89", "text": "#02#0#", "page": shown}
    text = client.post(page(gateway, "send_test"), posted, follow=True).content.decode()
    assert "Accepted by the gateway" in text
    again = client.post(page(gateway, "send_test"), posted, follow=True).content.decode()
    assert "nothing was sent a second time" in again
    ((request, _answer),) = httpserver.log
    assert request.form.to_dict() == {"number": "+79123456789", "text": gateway_trials.TEXT}
    outcome, intent = AuditEntry.objects.filter(action="commanded").order_by("-pk")
    assert (intent.after["phone"], outcome.after["outcome"]) == ("+79123456789", "accepted")


def test_no_socket_takes_the_test_message_for_a_command() -> None:
    models = catalogue.models().values()
    known = [each for each in models if each.commands]
    assert len(known) > 1
    assert not any(each.grammar.fullmatch(gateway_trials.TEXT) for each in known)


def test_a_test_message_needs_a_phone(client_of: ClientOf, root: User) -> None:
    client = client_of(root)
    gateway = made(client)
    answer = client.post(page(gateway, "send_test"), {"phone": "12"})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not AuditEntry.objects.filter(action="commanded").exists()
