"""The setting by which a gateway is told how it wants numbers written. Pure."""

from devices.phones import PhoneFormat
from exporters.kinds.shape import Setting, SettingType, marked as _

_TITLES = {
    PhoneFormat.E164: "+79123456789",
    PhoneFormat.DIGITS: "79123456789",
    PhoneFormat.ZEROS: "0079123456789",
}


def phone_format(usual: PhoneFormat) -> Setting:
    """Return the setting, with what holds where nothing is chosen."""
    choices = tuple((form.value, title) for form, title in _TITLES.items())
    return Setting(
        "phone_format",
        _("numbers are written"),
        SettingType.CHOICE,
        default=usual.value,
        choices=choices,
    )
