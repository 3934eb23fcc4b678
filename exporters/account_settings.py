"""What an exporter is told of its vendor account: the one place that checks it by its kind.

Pure: values as JSON has them come in, what is to be stored or what is wrong goes out. It knows
no rows and no forms. Its answers hold secrets: never log them; their repr hides them.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.utils import translation
from django.utils.functional import lazy
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from .kinds import json_paths
from .kinds.shape import Account, Kind, Setting, SettingsError, SettingType

LONGEST = 2000  # characters of a text
LONGEST_SECRET = 4000
MOST_WORDS = 200
BIGGEST = 2**31 - 1
WHOLE = ""  # the name of problems that no single setting has
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# No name or password, no backslash, no fragment: nothing that two readers could read differently.
_URL = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]+(?:[/?][!-\"$-\[\]-~]*)?")

# For the words of kinds, which mark them for translation and know no language.
translated = lazy(translation.gettext, str)


def _titled(text: str) -> str:
    title: str = capfirst(translated(text))
    return title


titled = lazy(_titled, str)

Problems = Mapping[str, StrOrPromise]


class WrongValueError(ValueError):
    """A value that a setting does not take; `text` says why."""

    def __init__(self, text: StrOrPromise) -> None:
        super().__init__()
        self.text = text


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in a row. ``secrets`` is None when the key ring cannot open them."""

    settings: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] | None = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a row shall hold, unless there are problems, by name. ``secrets`` None: as sealed."""

    settings: Mapping[str, object]
    secrets: Mapping[str, str] | None = field(repr=False)
    problems: Problems


def is_secret(setting: Setting) -> bool:
    """Tell whether nobody gets to see the value again."""
    return setting.type is SettingType.SECRET


def changed(
    kind: Kind,
    stored: Stored,
    changes: Mapping[str, object],
    *,
    may_guard: bool,
    has_players: bool = False,
) -> Checked:
    """Apply what somebody typed to what is stored; a name left out stays, an empty one goes.

    ``may_guard``: a superadmin types. ``has_players``: the way in which they come to be known
    must stay, whether people type them or the vendor lists them.
    """
    told, problems = _read(kind, changes)
    plain = {each.name for each in kind.settings if not is_secret(each)}
    settings = _applied(stored.settings, {name: told[name] for name in told.keys() & plain})
    typed = {name: value for name, value in told.items() if name not in plain}
    secrets: Mapping[str, str] | None = None
    if stored.secrets is not None or typed:
        applied = _applied(stored.secrets or {}, typed)
        secrets = {name: str(value) for name, value in applied.items()}
    problems |= _guarded(kind, stored, settings, typed, may_guard)
    problems = _missing(kind, settings, secrets, may_guard) | problems
    if has_players and kind.discovers(settings) != kind.discovers(stored.settings):
        problems = _turned(kind, stored.settings, settings) | problems
    if not problems and secrets is not None:
        problems = _opened(kind, settings, secrets, may_guard)
    return Checked(settings, secrets, problems)


def _read(
    kind: Kind, changes: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, StrOrPromise]]:
    """Read each value by the type of its setting; None stands for an empty one."""
    known = {each.name: each for each in kind.settings}
    told: dict[str, object] = {}
    problems: dict[str, StrOrPromise] = {}
    for name, value in changes.items():
        if name not in known:
            problems[name] = _("This kind of exporter has no such setting.")
            continue
        try:
            told[name] = read(known[name], value)
        except WrongValueError as wrong:
            problems[name] = wrong.text
    return told, problems


def _applied(before: Mapping[str, object], told: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**before, **told}.items() if value is not None}


def _guarded(
    kind: Kind,
    stored: Stored,
    settings: Mapping[str, object],
    typed: Collection[str],
    may_guard: bool,
) -> dict[str, StrOrPromise]:
    """Keep addresses from who is no superadmin, and secrets from other servers than theirs."""
    problems: dict[str, StrOrPromise] = {}
    moved = False
    for each in kind.settings:
        before, after = stored.settings.get(each.name), settings.get(each.name)
        if not each.guarded or before == after:
            continue
        if not may_guard:
            problems[each.name] = _("Superadmins alone change this.")
        is_address = each.type is SettingType.URL and before is not None
        moved = moved or (is_address and server_of(before) != server_of(after))
    if moved and may_guard:
        for each in kind.settings:
            there = stored.secrets is None or each.name in stored.secrets
            if is_secret(each) and there and each.name not in typed:
                problems[each.name] = _(
                    "Enter it anew: it is not sent to another server than the one it is for."
                )
    return problems


def server_of(value: object) -> object:
    """Return the part of an address that says who is asked; of anything else the whole."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return value
    parts = urlsplit(value)
    return parts.scheme, parts.netloc.lower()


def _missing(
    kind: Kind,
    settings: Mapping[str, object],
    secrets: Mapping[str, str] | None,
    may_guard: bool,
) -> dict[str, StrOrPromise]:
    """Demand what is needed; an address only of who may enter it, for others go on without."""
    problems: dict[str, StrOrPromise] = {}
    for each in kind.settings:
        # Secrets that cannot be opened may hold it.
        there = secrets if is_secret(each) else settings
        lacks = each.required and there is not None and each.name not in there
        if lacks and (may_guard or not each.guarded):
            problems[each.name] = _("This is needed.")
    return problems


def _turned(
    kind: Kind, before: Mapping[str, object], after: Mapping[str, object]
) -> dict[str, StrOrPromise]:
    """Name the settings that alone make the difference, or all that changed."""
    text = _("With players this never changes. Make another exporter.")
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    was = kind.discovers(before)
    alone = [
        name for name in names if kind.discovers(_applied(after, {name: before.get(name)})) == was
    ]
    return dict.fromkeys(alone or names, text)


def _opened(
    kind: Kind, settings: Mapping[str, object], secrets: Mapping[str, str], may_guard: bool
) -> dict[str, StrOrPromise]:
    """Let the kind look at the whole; its text begins with a setting's name where it has one."""
    if not may_guard and any(
        each.guarded and each.required and each.name not in settings for each in kind.settings
    ):
        return {}  # a superadmin is yet to enter the address
    try:
        kind.open(Account(kind.default_address, {**settings, **secrets}))
    except SettingsError as error:
        text = str(error)
        name = text.partition(" ")[0]
        return {name if name in {each.name for each in kind.settings} else WHOLE: translated(text)}
    return {}


def read(setting: Setting, value: object) -> object:
    """Return a value as it is stored, None for an empty one; raise WrongValueError."""
    if value is None or value in ("", []):
        return None
    told = _READ[setting.type](setting, value)
    return None if told in ("", []) else told


# -- one value ------------------------------------------------------------------------------------


def _text(setting: Setting, value: object) -> str:
    if not isinstance(value, str):
        raise WrongValueError(_("This has to be a text."))
    text = value.strip()
    if len(text) > LONGEST:
        raise WrongValueError(format_lazy(_("At most {number} characters."), number=LONGEST))
    if _CONTROL.search(text):
        raise WrongValueError(_("This holds a character that cannot be seen."))
    return text


def _secret(setting: Setting, value: object) -> str:
    if isinstance(value, str) and len(value) > LONGEST_SECRET:
        raise WrongValueError(format_lazy(_("At most {number} characters."), number=LONGEST_SECRET))
    # A line break at the end comes along when a token is pasted.
    text = value.strip() if isinstance(value, str) else ""
    if not text or _CONTROL.search(text):
        raise WrongValueError(_("This has to be a text on one line."))
    return text


def _url(setting: Setting, value: object) -> str:
    text = _text(setting, value)
    if not _URL.fullmatch(text):
        raise WrongValueError(
            _("Write an address such as https://api.example.com/v1, without a password in it.")
        )
    return text


def _path(setting: Setting, value: object) -> str:
    text = _text(setting, value)
    try:
        json_paths.compiled(text)
    except json_paths.PathError as error:
        raise WrongValueError(translated(str(error))) from error
    return text


def _whole(setting: Setting, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValueError(_("This has to be a whole number."))
    lowest, highest = setting.limits or (0, BIGGEST)
    if not lowest <= value <= highest:
        text = _("From {lowest} to {highest}.")
        raise WrongValueError(format_lazy(text, lowest=lowest, highest=highest))
    return value


def _choice(setting: Setting, value: object) -> str:
    known = [each for each, _title in setting.choices]
    if not isinstance(value, str) or value not in known:
        raise WrongValueError(format_lazy(_("One of: {known}."), known=", ".join(known)))
    return value


def _words(setting: Setting, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_WORDS:
        text = _("This has to be a list of at most {number} texts.")
        raise WrongValueError(format_lazy(text, number=MOST_WORDS))
    words = [_text(setting, each) for each in value]
    return [each for each in words if each]


_READ: Mapping[SettingType, Callable[[Setting, object], object]] = {
    SettingType.TEXT: _text,
    SettingType.PATH: _path,
    SettingType.SECRET: _secret,
    SettingType.URL: _url,
    SettingType.WHOLE: _whole,
    SettingType.CHOICE: _choice,
    SettingType.WORDS: _words,
}
