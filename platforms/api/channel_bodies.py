"""What the API says and takes of a notification channel; secrets are written and never told."""

from typing import Any

from django.conf import settings
from django.core import exceptions as django_exceptions
from django.utils.translation import gettext as _
from rest_framework import serializers

from platforms import channel_addresses, notice_kinds, quiet_hours, webhooks
from platforms.authentication import principal_of
from platforms.forms_of_channels import MOST_RECIPIENTS, checked_address, lacking_secret
from platforms.models import ChannelKind, NotificationChannel, Platform
from platforms.notice_kinds import Severity
from platforms.roles import Deed
from platforms.secrets import LONGEST

from .fields import ScopedRelatedField, Strict, TimeOfDay

SEVERITIES = {each.name.lower(): each for each in Severity}
SEVERITY_CHOICES = [(name, name) for name in SEVERITIES]
WAYS = ("recipients", "address", "secret")
#: What each way of sending needs; all else of them it may not have.
BELONGS = {
    ChannelKind.MAIL: {"recipients"},
    ChannelKind.SERVICE: {"address"},
    ChannelKind.WEBHOOK: {"address", "secret"},
}
LACKING = {
    "recipients": lambda: _("Enter at least one address."),
    "address": lambda: _("Enter the address of the service."),
    "secret": lacking_secret,
}
MENDING = frozenset({*WAYS, "kind", "enabled"})  # what an old error is not of


class SeverityField(serializers.ChoiceField):
    """How grave something is, as a word."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=SEVERITY_CHOICES, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Return the number that is stored."""
        return SEVERITIES[super().to_internal_value(data)]

    def to_representation(self, value: Any) -> str:
        """Return the word."""
        return Severity(value).name.lower()


class RecipientsField(serializers.ListField):
    """E-mail addresses, stored one a line."""

    child = serializers.EmailField(max_length=254)

    def to_internal_value(self, data: Any) -> Any:
        """Return them as the row holds them, each once."""
        return "\n".join(dict.fromkeys(super().to_internal_value(data)))

    def to_representation(self, data: Any) -> list[str]:
        """Return the lines."""
        return str(data).splitlines()


class ChannelBody(Strict, serializers.ModelSerializer[NotificationChannel]):
    """A channel: by mail with recipients, to a service with its address, or a signed webhook."""

    platform_id = ScopedRelatedField(
        deed=Deed.CHANNELS,
        source="platform",
        queryset=Platform.objects.all(),
        allow_null=True,
        help_text="Null, for superadmins: about the installation. It never changes.",
    )
    kind = serializers.ChoiceField(choices=[(each.value, each.value) for each in ChannelKind])
    recipients = RecipientsField(
        required=False, max_length=MOST_RECIPIENTS, help_text="Of kind mail."
    )
    address = serializers.CharField(
        required=False,
        write_only=True,
        max_length=2000,
        help_text="Of kind service as Apprise writes it, of kind webhook https://. Stored "
        "encrypted, never told.",
    )
    secret = serializers.CharField(
        required=False,
        write_only=True,
        min_length=webhooks.SHORTEST_SECRET,
        max_length=LONGEST,
        help_text="Of kind webhook: what signs its messages. Stored encrypted, never told.",
    )
    service = serializers.SerializerMethodField(help_text="What the address leads to; or empty.")
    language = serializers.ChoiceField(
        choices=[(code, code) for code, _name in settings.LANGUAGES], required=False
    )
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=32),
        required=False,
        help_text="Events that it hears, both ends of each; empty: all of them.",
    )
    least_severity = SeverityField(required=False)
    quiet_from = TimeOfDay(
        required=False,
        allow_null=True,
        help_text="By the clock of the platform; what is not critical waits until `quiet_until`.",
    )
    quiet_until = TimeOfDay(required=False, allow_null=True)
    last_error = serializers.CharField(read_only=True, help_text="A word for programs; or empty.")
    last_error_message = serializers.SerializerMethodField(help_text="The same for people.")

    class Meta:
        model = NotificationChannel
        fields = (
            *("id", "platform_id", "name", "kind", "recipients", "address", "secret", "service"),
            *("language", "kinds", "least_severity", "hears_platforms", "enabled"),
            *("quiet_from", "quiet_until"),
            *("disabled_reason", "last_error", "last_error_message", "last_error_at"),
            *("last_sent_at", "created_at"),
        )
        read_only_fields = ("disabled_reason", "last_error_at", "last_sent_at", "created_at")

    def get_service(self, channel: NotificationChannel) -> str:
        """Return the name of the service, which is no secret."""
        return channel_addresses.title_of(channel.scheme) if channel.scheme else ""

    def get_last_error_message(self, channel: NotificationChannel) -> str:
        """Return what went wrong last in words."""
        return channel_addresses.words_of(channel.last_error) if channel.last_error else ""

    def validate_platform_id(self, platform: Platform | None) -> Platform | None:
        """Keep a channel on its platform; leave those of the installation to superadmins."""
        if self.instance is not None:
            if self.instance.platform_id != (platform.pk if platform is not None else None):
                raise serializers.ValidationError(_("This never changes. Make another channel."))
        elif platform is None:
            caller = principal_of(self.context["request"])
            if not caller.reaches_every_platform(Deed.CHANNELS):
                wrong = _("There is none with this id, or you may not change it.")
                raise serializers.ValidationError(wrong)
        return platform

    def validate_kinds(self, kinds: list[str]) -> list[str]:
        """Refuse events that nobody knows; those that are stored may stay."""
        stored = self.instance.kinds if self.instance is not None else []
        known = {*dict(notice_kinds.family_choices()), *stored}
        if unknown := [kind for kind in kinds if kind not in known]:
            wrong = _("No event is called “%(name)s”.") % {"name": unknown[0]}
            raise serializers.ValidationError(wrong)
        return list(dict.fromkeys(kinds))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what the way of sending needs, and keep nothing of the other ways."""
        row = self.instance if isinstance(self.instance, NotificationChannel) else None
        wrong = self._wrong_way(row, attrs)
        platform = row.platform if row is not None else attrs["platform"]
        hears = attrs.get("hears_platforms", row is not None and row.hears_platforms)
        if hears and platform is not None:
            wrong["hears_platforms"] = [_("A channel of a platform hears of that platform alone.")]
        hours = ("quiet_from", "quiet_until")
        if problem := quiet_hours.wrong(*(attrs.get(n, getattr(row, n, None)) for n in hours)):
            wrong[problem[0]] = [problem[1]]
        if wrong:
            raise serializers.ValidationError(wrong)
        return self._forgotten(row, attrs)

    def _wrong_way(
        self, row: NotificationChannel | None, attrs: dict[str, Any]
    ) -> dict[str, list[str]]:
        """Return what is wrong with the way of sending; clear what belongs to another one."""
        kind = attrs.get("kind", row.kind if row is not None else "")
        belongs = BELONGS[kind]
        kept = {name: row is not None and bool(getattr(row, name)) for name in WAYS}
        if row is not None and row.kind != kind:
            kept["address"] = False  # what one way understands is no address of another
        wrong: dict[str, list[str]] = {}
        for name in WAYS:
            if name not in belongs:
                if attrs.get(name):
                    wrong[name] = [_("This does not belong here.")]
                attrs[name] = ""
            elif not (attrs[name] if name in attrs else kept[name]):
                wrong[name] = [str(LACKING[name]())]
        if "address" in belongs and attrs.get("address"):
            try:
                attrs["address"] = checked_address(attrs["address"], kind)
            except django_exceptions.ValidationError as error:
                wrong["address"] = list(error.messages)
        if kind != ChannelKind.SERVICE:
            attrs["scheme"] = ""
        elif "address" in attrs:
            attrs["scheme"] = channel_addresses.scheme_of(attrs["address"])
        return wrong

    def _forgotten(self, row: NotificationChannel | None, attrs: dict[str, Any]) -> dict[str, Any]:
        """Let an older verdict not stand on what is mended, nor an unchanged secret be written."""
        if row is None:
            return attrs
        for name in ("address", "secret"):
            if not attrs.get(name) and not getattr(row, name):
                attrs.pop(name, None)
        mended = {name for name in MENDING & attrs.keys() if attrs[name] != getattr(row, name)}
        if mended:
            attrs |= {"last_error": "", "last_error_at": None}
        if attrs.get("enabled"):
            attrs["disabled_reason"] = ""
        return attrs
