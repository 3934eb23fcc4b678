"""Fields that the serializers share: MAC, name, IP address, kind of exporter."""

import ipaddress
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from exporters import macs
from exporters.kinds import KINDS
from platforms.api import BIGGEST_ID

SPELLINGS = "06:42:40:92:60:B4, 06-42-40-92-60-b4, 0642.4092.60b4 or 0642409260B4"


class MacField(serializers.CharField):
    """A MAC in any spelling; kept in the normal form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, help_text=f"{SPELLINGS}; kept as the first.", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the normal form, or say why there is none."""
        try:
            return macs.normalise(super().to_internal_value(data))
        except macs.MacError as error:
            raise serializers.ValidationError(str(error)) from error


class NameField(serializers.CharField):
    """A name without control characters, in composed letters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=macs.NAME_LIMIT, **{"allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        """Return the cleaned name; one that is too long as it is, to be refused and not cut."""
        name = super().to_internal_value(data)
        return name if len(name) > macs.NAME_LIMIT else macs.clean_name(name)[0]


class AddressField(serializers.CharField):
    """An IPv4 or IPv6 address; nothing, as "" or null, when it is not known."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=45, allow_blank=True, allow_null=True, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        """Return None for an empty text too, which REST framework would hand on as it is."""
        return super().run_validation(data) or None

    def get_attribute(self, instance: Any) -> Any:
        """Return an unknown address as an empty text: of None the field would not be asked."""
        return super().get_attribute(instance) or ""

    def to_internal_value(self, data: Any) -> str | None:  # type: ignore[override]
        """Return the address in its shortest spelling, None for an empty text."""
        try:
            return read_address(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(_("This is no IP address.")) from error

    def to_representation(self, value: Any) -> str:
        """Write an unknown address as an empty text, as the device list does."""
        return value or ""


def read_address(text: str) -> str | None:
    """Return an IP address in its shortest spelling, None for nothing; raise ValueError."""
    if not text.strip():
        return None
    address = ipaddress.ip_address(text.strip())
    if "%" in str(address):
        raise ValueError("a scope means something on one machine alone")
    return str(address)


class KindField(serializers.ChoiceField):
    """A kind of exporter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(kind.name, kind.title) for kind in KINDS.values()], **kwargs)


class IdField(serializers.IntegerField):
    """A number that a database can hold as an id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)
