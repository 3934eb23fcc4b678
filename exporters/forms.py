"""Forms of the admin pages of exporters, addresses and processes: they check, they never write."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from platforms.models import Platform
from platforms.scoped_forms import ScopedModelForm

from . import csv_exchange, macs, targets
from .enrolment_plan import limit_message, room_left
from .models import Exporter, ExporterMac, ExporterProcess

LONGEST_PASTE = 16 * 1024 * 1024  # characters
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})", re.ASCII)


class PasteForm(forms.Form):
    """A list of addresses. A plain Field: a CharField would refuse the whole for one odd mark."""

    addresses = forms.Field(
        label=_("MAC addresses"),
        widget=UnfoldAdminTextareaWidget(
            {
                "rows": 14,
                "class": "rm-paste",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": _(
                    "06:42:40:92:60:B4  Hall LED\n06-42-40-92-60-b5; Entrance\n"
                    "0642.4092.60b6, 0642409260B7"
                ),
            }
        ),
        help_text=_(
            "One address a line with an optional name after it, or many with commas, spaces or "
            "tabs between them. Every spelling is understood."
        ),
        error_messages={"required": _("Paste at least one address.")},
    )

    def clean_addresses(self) -> str:
        """Refuse what would take the server's memory."""
        text: str = self.cleaned_data["addresses"]
        if len(text) > LONGEST_PASTE:
            raise ValidationError(_("This is longer than 16 million characters: send it in parts."))
        return text


class EnrolForm(PasteForm):
    """Addresses to add."""

    rename = forms.BooleanField(
        label=_("Rename those that are there already"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Off: an address that is there keeps its name, whatever is pasted beside it."),
    )


class CsvForm(forms.Form):
    """A file of addresses."""

    file = forms.FileField(
        label=_("CSV file"),
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        allow_empty_file=True,
        help_text=_(
            "Columns mac, name, ip, outip in any order; only the first is needed. UTF-8 or "
            "Windows-1251; comma, semicolon or tab. At most 16 MB."
        ),
    )
    clear = forms.BooleanField(
        label=_("Empty cells clear what is there"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Off: an empty cell leaves name and addresses as they are."),
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > csv_exchange.LARGEST_FILE:
            raise ValidationError(_("The file is larger than 16 MB: split it."))
        return file


class AgreedForm(forms.Form):
    """What was shown and is to be done now, sealed."""

    agreed = forms.Field(widget=forms.HiddenInput)


class ExporterMacForm(ScopedModelForm):
    """One address. The platform is locked here, so that the room it finds is still there."""

    mac = forms.CharField(
        label=_("MAC"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("In any spelling: 06:42:40:92:60:B4, 06-42-40-92-60-b4, 0642.4092.60b4."),
    )

    class Meta:
        model = ExporterMac
        fields = ("exporter", "mac", "name", "ip", "outip")

    def clean_mac(self) -> str:
        """Return the normal form."""
        try:
            return macs.normalise(self.cleaned_data["mac"])
        except macs.MacError as error:
            raise ValidationError(str(error), code=error.reason.value) from error

    def clean_name(self) -> str:
        """Return the name without invisible characters."""
        return macs.clean_name(self.cleaned_data["name"])[0]

    def clean_ip(self) -> str | None:
        """Return nothing for an empty field, as everywhere else."""
        return self.cleaned_data["ip"] or None

    def clean_outip(self) -> str | None:
        """Return nothing for an empty field, as everywhere else."""
        return self.cleaned_data["outip"] or None

    def clean(self) -> dict[str, Any] | None:
        """Find duplicates and a full platform; needs the transaction that the admin opens."""
        cleaned = super().clean() or {}
        exporter, mac = cleaned.get("exporter"), cleaned.get("mac") or self.instance.mac
        if not isinstance(exporter, Exporter) or not mac:
            return cleaned
        is_new = self.instance.pk is None
        if is_new:
            self.instance.platform_id = exporter.platform_id
        platform = Platform.objects.locked(exporter.platform_id)
        if exporter.macs.filter(mac=mac).exclude(pk=self.instance.pk).exists():
            where = "mac" if is_new else "exporter"
            self.add_error(where, _("This exporter already has this MAC."))
        elif is_new and room_left(platform) == 0:
            self.add_error("mac", limit_message(platform.players_limit))
        return cleaned


class ExporterProcessForm(ScopedModelForm):
    """A process that a superadmin pins by hand, or whose address is corrected."""

    class Meta:
        model = ExporterProcess
        fields = ("kind", "instance", "address", "scheme", "pinned", "limited_to")

    def clean_instance(self) -> str:
        """Refuse a name that is no label of a target."""
        instance: str = self.cleaned_data["instance"]
        if not targets.INSTANCE.fullmatch(instance):
            raise ValidationError(
                _("Letters, digits, dots, dashes and underscores only, at most 63.")
            )
        return instance

    def clean_address(self) -> str:
        """Refuse what is no host and port, and hosts that the deployment does not allow."""
        address: str = self.cleaned_data["address"]
        found = _ADDRESS.fullmatch(address)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ValidationError(_("Write it as host:port, for example 10.0.0.5:19101."))
        try:
            address = targets.allowed_address(found["host"], int(found["port"]))
        except targets.AddressRefused as error:
            raise ValidationError(str(error), code="not_allowed") from error
        others = ExporterProcess.objects.filter(address=address).exclude(pk=self.instance.pk)
        other = others.first()
        if other is not None:
            raise ValidationError(
                _("%(address)s is listed as %(other)s.") % {"address": address, "other": other}
            )
        return address
