"""What the driver `described` is told of a gateway, as its form shows it. Pure."""

from devices.phones import PhoneFormat
from exporters.kinds.shape import Setting, SettingType, marked as _

from .forwarded import SIGNING_KEY
from .phone_setting import phone_format

JSON, FORM = "json", "form"

SETTINGS = (
    Setting(
        "path",
        _("path"),
        SettingType.TEXT,
        help=_(
            "What stands behind the address, for example /send?to={phone}&text={text}."
            " Placeholders: {phone}, {text}, {key}, {ttl} (seconds), {secret}."
        ),
        guarded=True,
    ),
    Setting(
        "method",
        _("method"),
        SettingType.CHOICE,
        default="POST",
        choices=(("POST", "POST"), ("GET", "GET"), ("PUT", "PUT")),
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
        "body_format",
        _("format of the body"),
        SettingType.CHOICE,
        default=JSON,
        choices=((JSON, "JSON"), (FORM, _("form"))),
        guarded=True,
    ),
    Setting(
        "body",
        _("body"),
        SettingType.TEXT,
        help=_(
            'JSON: {"to": "{phone}", "text": "{text}"}. Form: to={phone}&text={text}.'
            " What is filled in can never be more than a value."
        ),
        guarded=True,
    ),
    Setting(
        "success_statuses",
        _("statuses that accept"),
        SettingType.WORDS,
        help=_("One a line: 2xx, or 200 and 202. Empty: 2xx."),
        guarded=True,
    ),
    Setting(
        "success_texts",
        _("texts that accept"),
        SettingType.WORDS,
        help=_("One a line: one of them has to stand in the answer. Empty: the status is enough."),
        guarded=True,
    ),
    Setting(
        "refusal_statuses",
        _("statuses that refuse"),
        SettingType.WORDS,
        help=_(
            "One a line: those of 4xx with which the gateway certainly sends nothing. Empty: those"
            " that mean so by the standard."
        ),
        guarded=True,
    ),
    Setting(
        "refusal_texts",
        _("texts that refuse"),
        SettingType.WORDS,
        help=_("One a line: with one of them in the answer certainly nothing was sent."),
        guarded=True,
    ),
    phone_format(PhoneFormat.E164),
    SIGNING_KEY,
)
