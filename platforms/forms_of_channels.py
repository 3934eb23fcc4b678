"""The form of a notification channel: checks what belongs together; secrets are never shown."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext, gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from . import channel_addresses, channel_wire, quiet_hours, webhooks
from .models import ChannelKind, NotificationChannel, Platform
from .notice_kinds import family_choices
from .scoped_forms import ScopedModelForm
from .secrets import KEPT

MOST_RECIPIENTS = 20


def checked_address(address: str, kind: str) -> str:
    """Return an address that a channel of this kind can be reached by; raise ValidationError."""
    if kind == ChannelKind.WEBHOOK:
        if error := webhooks.problem_of(address):
            raise ValidationError(channel_addresses.words_of(error), error)
        return address
    if not channel_addresses.scheme_of(address):
        raise ValidationError(channel_addresses.words_of("not_allowed"), "not_allowed")
    if error := channel_wire.check(address):
        raise ValidationError(channel_addresses.words_of(error), error)
    return address


def lacking_secret() -> str:
    """Return what is said where a webhook has no secret, or one that is easily found out."""
    return gettext("Enter a secret of at least %(least)s characters.") % {
        "least": webhooks.SHORTEST_SECRET
    }


def _clock(label: Any, help_text: Any = "") -> forms.TimeField:
    widget = UnfoldAdminTextInputWidget({"type": "time"})
    widget.input_type = "time"
    formats = ["%H:%M", "%H:%M:%S"]  # browsers may send back the seconds that they were told
    return forms.TimeField(
        label=label, help_text=help_text, widget=widget, input_formats=formats, required=False
    )


class ChannelForm(ScopedModelForm):
    """By mail it needs recipients, by a service its address, as a webhook also a secret."""

    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None chosen: all of them. The end of a condition comes with its beginning."),
    )
    quiet_from = _clock(
        _("Quiet from"),
        _(
            "By the clock of the platform. What is not critical waits until the quiet hours end. "
            "Empty: it is never quiet."
        ),
    )
    quiet_until = _clock(_("Quiet until"))

    #: The platform of a new channel of somebody who has no choice.
    only: ClassVar[Platform | None] = None

    class Meta:
        model = NotificationChannel
        fields = (
            "platform", "name", "kind", "recipients", "address", "secret", "language", "kinds",
            "least_severity", "hears_platforms", "quiet_from", "quiet_until", "enabled",
        )  # fmt: skip
        widgets: ClassVar = {"recipients": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.only is not None:
            self.instance.platform = self.only
        if "kinds" in self.fields:
            chosen: Any = self.fields["kinds"]
            known = dict(family_choices())
            # What an application told once and no more stays chosen rather than lost.
            chosen.choices = [
                *known.items(),
                *((k, k) for k in self.instance.kinds if k not in known),
            ]
        if "address" in self.fields:
            self.fields["address"].help_text = _(
                "As Apprise writes it, such as tgram://token/chat, slack://…, mmosts://host/token, "
                "discord://id/token, ntfy://topic, jsons://host/path. It is stored encrypted and "
                "never shown again. Of a signed webhook: https://host/path."
            )
        if "secret" in self.fields:
            self.fields["secret"].help_text = _(
                "At least 16 characters, by which the receiver checks who sent a message. It is "
                "stored encrypted and never shown again."
            )

    def clean_recipients(self) -> str:
        """Take one address a line."""
        lines = [line.strip() for line in self.cleaned_data["recipients"].splitlines()]
        addresses = list(dict.fromkeys(line for line in lines if line))
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError as error:
                text = _("“%(address)s” is not an e-mail address.")
                raise ValidationError(text, "invalid", {"address": address}) from error
        if len(addresses) > MOST_RECIPIENTS:
            text = _("At most %(most)s recipients.")
            raise ValidationError(text, "many", {"most": MOST_RECIPIENTS})
        return "\n".join(addresses)

    def clean_address(self) -> Any:
        """Take an address that the way of sending understands."""
        typed, kind = self.cleaned_data["address"], self.cleaned_data.get("kind")
        if typed is KEPT or not typed or kind == ChannelKind.MAIL:
            return typed
        return checked_address(typed, str(kind))

    def clean_secret(self) -> Any:
        """Take a secret that is not easily found out."""
        typed = self.cleaned_data["secret"]
        if typed is not KEPT and 0 < len(typed) < webhooks.SHORTEST_SECRET:
            raise ValidationError(lacking_secret(), "short")
        return typed

    def clean(self) -> dict[str, Any] | None:
        """Ask for what the way of sending needs, and keep nothing of the other way."""
        cleaned = super().clean() or {}
        if {"quiet_from", "quiet_until"} <= cleaned.keys() and (
            problem := quiet_hours.wrong(cleaned["quiet_from"], cleaned["quiet_until"])
        ):
            self.add_error(*problem)
        if "kind" not in self.fields:
            return cleaned
        self._ask_for_way(cleaned)
        if cleaned.get("hears_platforms") and (
            cleaned.get("platform") or self.instance.platform_id
        ):
            self.add_error(
                "hears_platforms", _("A channel of a platform hears of that platform alone.")
            )
        if cleaned.get("enabled"):
            self.instance.disabled_reason = ""
        return cleaned

    def _ask_for_way(self, cleaned: dict[str, Any]) -> None:
        """Ask for what the way of sending needs; forget what belongs to another."""
        kind = cleaned.get("kind")
        address = cleaned.get("address")
        if kind == ChannelKind.MAIL:
            if not cleaned.get("recipients") and "recipients" not in self.errors:
                self.add_error("recipients", _("Enter at least one address."))
            cleaned["address"] = ""
        else:
            cleaned["recipients"] = ""
            # What one way understands is no address of another.
            stays = self.instance.kind == kind and bool(self.instance.address)
            if not (stays if address is KEPT else address) and "address" not in self.errors:
                self.add_error("address", _("Enter the address of the service."))
        if kind != ChannelKind.WEBHOOK:
            cleaned["secret"] = ""
        elif "secret" not in self.errors:
            secret = cleaned.get("secret")
            if not (self.instance.secret if secret is KEPT else secret):
                self.add_error("secret", lacking_secret())
        if kind != ChannelKind.SERVICE:
            self.instance.scheme = ""
        elif isinstance(address, str):
            self.instance.scheme = channel_addresses.scheme_of(address)
