"""What the kind `json` is told for one exporter, as its form shows it. Pure."""

from exporters.kinds.shape import Setting, SettingType, marked as _

LIST, EACH = "list", "each"

SETTINGS = (
    Setting(
        "mode",
        _("what is asked"),
        SettingType.CHOICE,
        default=LIST,
        choices=(
            (LIST, _("one address lists all devices")),
            (EACH, _("each device has an address of its own")),
        ),
    ),
    Setting(
        "url",
        _("address"),
        SettingType.URL,
        help=_(
            "With placeholders: {offset}, {limit}, {page} (from 1) or {page0} (from 0) for the"
            " pages of a list; {mac}, {mac_lower}, {mac_dashes} or {mac_plain} for one device;"
            " {secret}."
        ),
        required=True,
        guarded=True,
    ),
    Setting(
        "method",
        _("method"),
        SettingType.CHOICE,
        default="GET",
        choices=(("GET", "GET"), ("POST", "POST")),
        guarded=True,
    ),
    Setting(
        "headers",
        _("headers"),
        SettingType.WORDS,
        help=_("One a line, for example: Authorization: Bearer {secret}"),
        guarded=True,
    ),
    Setting(
        "body",
        _("body"),
        SettingType.TEXT,
        help=_("What a POST sends. It takes the placeholders of the address."),
        guarded=True,
    ),
    Setting(
        "secret",
        _("secret"),
        SettingType.SECRET,
        help=_("Stands in for {secret}; nobody gets to see it again."),
    ),
    Setting(
        "limit",
        _("devices a page"),
        SettingType.WHOLE,
        help=_("How many devices one answer may hold. Empty: an answer holds all."),
        limits=(1, 10_000),
    ),
    Setting(
        "items_path",
        _("path to the devices"),
        SettingType.PATH,
        help=_("JSONPath from the top of the answer, for example $.data[*]. Empty: the answer."),
        default="$",
    ),
    Setting(
        "id_path",
        _("path to the id"),
        SettingType.PATH,
        help=_(
            "From a device, for example $.id. Needed for a list. Where each device has an address"
            " of its own: the path to its MAC; an answer that names another is not believed."
        ),
    ),
    Setting(
        "name_path",
        _("path to the name"),
        SettingType.PATH,
        help=_("From a device, for example $.title. Empty: no name is read."),
    ),
    Setting(
        "status_path",
        _("path to the status"),
        SettingType.PATH,
        help=_("From a device, for example $.state.code."),
        required=True,
    ),
    Setting(
        "ip_path",
        _("path to the IP address"),
        SettingType.PATH,
        help=_("From a device, for example $.net.lan. Empty: no address is read."),
    ),
    Setting(
        "online_values",
        _("values that mean online"),
        SettingType.WORDS,
        help=_("One a line, exactly as the answer has them: up, true, 1."),
        required=True,
    ),
    Setting(
        "offline_values",
        _("values that mean offline"),
        SettingType.WORDS,
        help=_("One a line. A status that stands in neither list is unknown."),
        required=True,
    ),
)
