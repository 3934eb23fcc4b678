"""The form of an SMS gateway: its own columns, and a field for each setting of its driver.

It checks and fills in the row; secrets are written and never shown.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import phonenumbers
from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from exporters.account_settings import (
    WrongValueError,
    is_secret,
    read,
    server_of,
    translated,
)
from exporters.forms_of_exporters import field_of
from exporters.kinds.shape import SettingType
from platforms import outbound
from platforms.keyring import KeyRingError
from platforms.secrets import KEPT, Secret

from . import phones
from .forms_of_shared_rows import SharedRowForm
from .gateways.shape import Account, Driver, SettingsError
from .models import SmsGateway

PREFIX = "setting_"  # before the name of a setting, in the form


class GatewayForm(SharedRowForm):
    """A gateway of one driver; `form_of` adds the fields of the driver."""

    driver_shape: ClassVar[Driver]

    class Meta:
        model = SmsGateway
        fields = (
            *("platform", "name", "address", "secret", "phone", "region", "per_minute"),
            *("at_once", "enabled"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.instance.driver = self.driver_shape.name
        self.opened = opened_secrets(self.instance)
        if "address" in self.fields:
            self.fields["address"] = forms.CharField(
                label=gettext_lazy("Address"),
                max_length=500,
                widget=UnfoldAdminTextInputWidget({"placeholder": "http://192.0.2.10:8080"}),
                help_text=gettext_lazy("Everything is asked below it."),
            )
        for each in self.driver_shape.settings:
            if PREFIX + each.name not in self.fields:
                continue  # who may only look gets no fields
            if not is_secret(each):
                default = each.default if each.type is SettingType.CHOICE else None
                told = self.instance.settings.get(each.name, default)
            elif self.opened is None:
                told = self.instance.secrets  # says what is wrong
            else:
                told = Secret(plain=self.opened.get(each.name, ""))
            self.initial[PREFIX + each.name] = told

    def clean_address(self) -> str:
        """Refuse what is no plain address."""
        address: str = self.cleaned_data["address"].strip()
        if not outbound.allowed(address, [address]) or "?" in address:
            raise forms.ValidationError(
                _("Write an address such as http://192.0.2.10:8080, without a password in it.")
            )
        return address

    def clean_region(self) -> str:
        """Refuse what is no country."""
        region: str = self.cleaned_data["region"].strip().upper()
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise forms.ValidationError(_("Write the two letters of a country, such as RU."))
        return region

    def clean_phone(self) -> str:
        """Return the number in the one form."""
        phone: str = self.cleaned_data["phone"]
        if not phone:
            return ""
        try:
            return phones.normalise(phone, self.data.get("region") or None)
        except phones.PhoneError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any] | None:
        """Read the settings, keep secrets from other servers, ask the driver about the whole."""
        cleaned = super().clean() or {}
        settings, secrets = self._read(cleaned)
        self._keep_from_strangers(cleaned)
        if not self.errors:
            self._ask_driver(cleaned, settings, secrets)
        self.instance.settings = settings
        if secrets is not None and secrets != self.opened:
            self.instance.secrets = json.dumps(secrets) if secrets else ""
        return cleaned

    @property
    def secrets_changed(self) -> bool:
        """Tell whether a secret was typed or cleared: for the record, which holds no secret."""
        secret = {PREFIX + each.name for each in self.driver_shape.settings if is_secret(each)}
        return not secret.isdisjoint(self.changed_data)

    def _read(self, cleaned: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str] | None]:
        """Return settings and secrets as they shall be stored; None: as they are sealed."""
        settings = dict(self.instance.settings)
        secrets = None if self.opened is None else dict(self.opened)
        for each in self.driver_shape.settings:
            typed = cleaned.get(PREFIX + each.name, KEPT)
            if typed is KEPT:
                continue
            try:
                value = read(each, typed)
            except WrongValueError as wrong:
                self.add_error(PREFIX + each.name, str(wrong.text))
                continue
            if is_secret(each):
                secrets = {} if secrets is None else secrets
                secrets[each.name] = str(value or "")
            elif value is None:
                settings.pop(each.name, None)
            else:
                settings[each.name] = value
        if secrets is not None:
            secrets = {name: value for name, value in secrets.items() if value}
        return settings, secrets

    def _keep_from_strangers(self, cleaned: Mapping[str, Any]) -> None:
        """Demand every stored secret anew where the server is another one than before."""
        before = self.initial.get("address", self.instance.address)
        if not before or "address" not in cleaned:
            return
        if server_of(before) == server_of(cleaned["address"]):
            return
        text = _("Enter it anew: it is not sent to another server than the one it is for.")
        if bool(self.instance.secret) and cleaned.get("secret", KEPT) is KEPT:
            self.add_error("secret", text)
        for each in self.driver_shape.settings:
            there = self.opened is None or each.name in self.opened
            kept = cleaned.get(PREFIX + each.name, KEPT) is KEPT
            if is_secret(each) and there and kept and self.instance.secrets:
                self.add_error(PREFIX + each.name, text)

    def _ask_driver(
        self,
        cleaned: Mapping[str, Any],
        settings: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
    ) -> None:
        """Let the driver look at the whole; its text begins with the name of what is to blame."""
        typed = cleaned.get("secret", KEPT)
        try:
            secret = self.instance.secret.reveal() if typed is KEPT else typed
        except KeyRingError as error:
            self.add_error("secret", str(error))
            return
        account = Account(cleaned.get("address", ""), secret, {**settings, **(secrets or {})})
        try:
            self.driver_shape.check(account)
        except SettingsError as error:
            text = str(error)
            name = text.partition(" ")[0]
            field = name if name in self.fields else PREFIX + name
            self.add_error(field if field in self.fields else None, str(translated(text)))


class TrialForm(forms.Form):
    """Where a test message goes; the page is named, so that it sends one message alone."""

    page = forms.UUIDField(widget=forms.HiddenInput)

    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": "+79123456789", "autocomplete": "off", "inputmode": "tel"}
        ),
        help_text=gettext_lazy(
            "Your own, with the country's code. The message is always the same."
        ),
    )

    def __init__(self, region: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region or None

    def clean_phone(self) -> str:
        """Return the number in the one form."""
        try:
            return phones.normalise(self.cleaned_data["phone"], self.region)
        except phones.PhoneError as error:
            raise forms.ValidationError(str(error)) from error


def opened_secrets(gateway: SmsGateway) -> dict[str, str] | None:
    """Return the secrets of the driver's settings; None where the key ring cannot open them."""
    try:
        opened: dict[str, str] = json.loads(gateway.secrets.reveal() or "{}")
    except KeyRingError:
        return None
    return opened


def form_of(driver: Driver) -> type[GatewayForm]:
    """Return the form class of a driver."""
    fields = {PREFIX + each.name: field_of(each) for each in driver.settings}
    return type("FormOfGateway", (GatewayForm,), {"driver_shape": driver, **fields})
