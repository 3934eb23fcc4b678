"""A kind of exporter with a setting of every type, for tests of what is made of `Kind.settings`."""

from collections.abc import Mapping

from exporters.kinds.shape import (
    Account,
    Each,
    Kind,
    Reading,
    Request,
    Setting,
    SettingsError,
    SettingType,
    Status,
)


def _open(account: Account) -> Each:
    if account.settings.get("field") == "$..":
        raise SettingsError("field is no path")
    return Each(lambda _identity: Request(account.address), lambda *_: Reading(Status.ONLINE))


def _discovers(settings: Mapping[str, object]) -> bool:
    return settings.get("mode") == "list"


DESCRIBED = Kind(
    name="described",
    title="Described",
    identity="device_id",
    info_labels=("name",),
    port=19199,
    address_variable="",
    default_address="",
    normal_identity=str,
    open=_open,
    discovers=_discovers,
    settings=(
        Setting("url", "Address", SettingType.URL, required=True, guarded=True),
        Setting("mode", "Mode", SettingType.CHOICE, choices=(("each", "Each"), ("list", "List"))),
        Setting("field", "Field", SettingType.TEXT, required=True),
        Setting("online", "Online", SettingType.WORDS),
        Setting("limit", "Limit", SettingType.WHOLE, limits=(0, 9)),
        Setting("token", "Token", SettingType.SECRET, required=True),
        Setting("headers", "Headers", SettingType.WORDS, guarded=True),
        Setting("key", "Key", SettingType.SECRET),
    ),
)
