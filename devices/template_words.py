"""What dangers, effects and kinds of parameters are called where people read of templates."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from .parameters import Kind
from .states import Effect
from .templates import Danger

DANGERS: dict[Danger, str | Promise] = {
    Danger.NONE: gettext_lazy("harmless"),
    Danger.POWER: gettext_lazy("switches"),
    Danger.CONFIG: gettext_lazy("changes settings"),
    Danger.DESTRUCTIVE: gettext_lazy("destroys"),
}
COLOURS = {
    Danger.NONE: "online",
    Danger.POWER: "partly",
    Danger.CONFIG: "partly",
    Danger.DESTRUCTIVE: "offline",
}
EFFECTS: dict[Effect, str | Promise] = {
    Effect.QUERY: gettext_lazy("asks and changes nothing"),
    Effect.ON: gettext_lazy("switches on"),
    Effect.OFF: gettext_lazy("switches off"),
    Effect.CYCLE: gettext_lazy("switches off and on again"),
    Effect.TIMER: gettext_lazy("switches for a time"),
    Effect.CONFIG: gettext_lazy("changes settings"),
}
KINDS: dict[Kind, str | Promise] = {
    Kind.INTEGER: gettext_lazy("whole number"),
    Kind.PHONE: gettext_lazy("phone number"),
    Kind.HHMM: gettext_lazy("time HH:MM"),
    Kind.WORD: gettext_lazy("word"),
    Kind.PIN: gettext_lazy("password of four digits"),
}
NO_RESTART = gettext_lazy(
    "“Reboot” takes a command alone that switches the power off and on again and asks for nothing "
    "but numbers."
)
