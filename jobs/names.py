"""Automatic names of jobs: what is watched, what is done, when; shortened, unique, in a language.

Pure: takes words, which whoever asks brings in the reader's language.
"""

from collections.abc import Container, Sequence

from django.utils.translation import gettext as _, ngettext

LONGEST = 120
#: What is left of each part of a name that is too long, if it had more.
LEAST = {"action": 24, "selection": 30, "when": 40}
ELLIPSIS = "…"


def of_rule(selection: str, action: str, when: str, longest: int = LONGEST) -> str:
    """Name a job that watches a metric."""
    parts = {"selection": selection, "action": action, "when": when}
    return _fitted(_("Monitoring %(selection)s → %(action)s when %(when)s"), parts, longest)


def of_schedule(selection: str, action: str, when: str, longest: int = LONGEST) -> str:
    """Name a job that acts by the clock."""
    parts = {"selection": selection, "action": action, "when": when}
    return _fitted(_("Schedule for %(selection)s → %(action)s %(when)s"), parts, longest)


def of_several(names: Sequence[str], count: int) -> str:
    """Name a selection of ``count`` things of which the first are given: two, and how many more."""
    shown = list(names[:2]) if count <= 2 else list(names[:1])
    rest = count - len(shown)
    if rest == 0:
        return ", ".join(shown)
    words = {"names": ", ".join(shown), "count": rest}
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", rest) % words


def of_conditions(conditions: Sequence[str], *, any_of_them: bool) -> str:
    """Join conditions as a person would."""
    joint = _("or") if any_of_them else _("and")
    return f" {joint} ".join(conditions)


def numbered(name: str, number: int, longest: int = LONGEST) -> str:
    """Return the name of the second, third ... of several jobs that would be called alike."""
    if number < 2:
        return name
    tail = f" #{number}"
    return shortened(name, longest - len(tail)) + tail


def first_free(name: str, taken: Container[str], longest: int = LONGEST) -> tuple[str, int]:
    """Return a name that is not taken, and the number in it; 1: it is the name itself."""
    number = 1
    while (free := numbered(name, number, longest)) in taken:
        number += 1
    return free, number


def shortened(text: str, longest: int) -> str:
    """Cut a text at the end of a word where one is near."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    word = cut.rfind(" ")
    if not text[len(cut)].isspace() and word >= 2 * len(cut) // 3:
        cut = cut[:word]
    return cut.rstrip(" ,;:→") + ELLIPSIS


def _fitted(shape: str, parts: dict[str, str], longest: int) -> str:
    """Fill in parts; the longest of them is cut first, none below what tells it from others."""
    name = shape % parts
    for key in sorted(parts, key=lambda key: len(parts[key]), reverse=True):
        over = len(name) - longest
        if over <= 0:
            break
        room = max(len(parts[key]) - over, LEAST[key])
        parts = parts | {key: shortened(parts[key], room)}
        name = shape % parts
    return shortened(name, longest)
