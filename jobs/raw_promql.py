"""PromQL that superadmins write themselves: read by a parser, kept to one platform, else refused.

Pure. It changes nothing of a text but `platform_id="$platform"`, and reads once more what it made
of it: a selector without the tenant's matcher goes nowhere. What a text may hold is narrow, so
that our parser and that of Prometheus cannot read two things in it.
"""

import re
from typing import Final

import promql_parser
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from promql_parser import Call, Expr, StringLiteral, SubqueryExpr, VectorSelector

from exporters import promql
from exporters.kinds import KINDS
from exporters.promql import Expression

PLACE: Final = "$platform"
LONGEST: Final = 1000  # characters
MOST_WORDS: Final = 120  # the parser's walk costs the cube of the depth: 0.5 s for 200 brackets
#: Reads series that it does not name: whatever carries the labels of its argument.
REFUSED_FUNCTIONS: Final = frozenset({"info"})

_STRING = r'"(?:[^"\\\n]|\\[\\"nt])*"'
_TEXT = re.compile(rf"(?:{_STRING}|[\t\n\x20!%&(-\[\]^_a-~])*")
_WORD = re.compile(rf"{_STRING}|[\w.:]+|[^\s\w]")
_MATCHER = re.compile(rf'{_STRING}|(?P<here>(?<![\w:.])platform_id\s*=\s*"\$platform")')
_PLAYER = ("platform_id", "exporter_id", *sorted({kind.identity for kind in KINDS.values()}))


class RawRefused(ValueError):
    """A text that is not asked; the message says what to do about it."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


def check(text: str) -> None:
    """Raise RawRefused unless each selector of the text is limited to the platform of its job."""
    selectors = _selectors(_read(text))
    if not selectors:
        raise RawRefused(_("Name a metric: without one it says nothing about players."))
    for selector in selectors:
        if _tenancy(selector) != [("platform_id", "MatchOp.Equal", PLACE)]:
            raise _unlimited(selector)
    asks(text, platform_id=1)


def asks(text: str, platform_id: int) -> Expression:
    """Ask for whom it holds on a platform: each player of whom it has a series, with its value.

    Whom it has no series of is well only where the status of the player is known: the silence of
    such a text proves nothing by itself.
    """
    matcher = promql.tenant_matcher([platform_id])
    _read(text)
    filled = _MATCHER.sub(lambda found: matcher if found["here"] else found[0], text)
    wanted = _tenancy(_selectors(_parsed(f"{{{matcher}}}"))[0])
    expression = promql.extreme("min", Expression(f"\n{filled}\n"), *_PLAYER)
    for selector in _selectors(_parsed(expression)):
        if _tenancy(selector) != wanted:
            raise _unlimited(selector)
    return expression


def _read(text: str) -> Expr:
    """Parse what a person wrote, unless it is too long or too odd to be read in one way alone."""
    if len(text) > LONGEST or len(_WORD.findall(text)) > MOST_WORDS:
        raise RawRefused(_("This is too long: divide it into several conditions or jobs."))
    printable = all(mark.isprintable() or mark in "\n\t" for mark in text)
    if not printable or "\ufffd" in text or not _TEXT.fullmatch(text):
        raise RawRefused(
            _(
                "Write texts in double quotes, with no other escapes than two backslashes, a "
                "backslash and a quote, or a backslash and n or t; leave comments out."
            )
        )
    return _parsed(text)


def _parsed(text: str) -> Expr:
    try:
        return promql_parser.parse(text)
    except ValueError as error:
        said = _("This is no PromQL: {words}")
        raise RawRefused(format_lazy(said, words=str(error)[:200])) from None


def _selectors(expression: Expr) -> list[VectorSelector]:
    """Find every selector; raise RawRefused for what asks of another time or reads unnamed."""
    found: list[VectorSelector] = []

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)
        if isinstance(node, VectorSelector | SubqueryExpr) and node.at is not None:
            raise RawRefused(_("Leave @ out: a moment that stays the same tells nothing new."))
        if isinstance(node, Call) and node.func.name in REFUSED_FUNCTIONS:
            said = _("Leave the function {name} out: it reads series that it does not name.")
            raise RawRefused(format_lazy(said, name=node.func.name))
        if isinstance(node, StringLiteral) and node.val == "platform_id":
            raise RawRefused(_("Leave the label platform_id as it is: nothing may write it anew."))

    promql_parser.walk(expression, visit)
    return found


def _tenancy(selector: VectorSelector) -> list[tuple[str, str, str]]:
    """Return what a selector says of platforms: label, operator and value of each matcher."""
    matchers = [
        *selector.matchers.matchers,
        *(each for either in selector.matchers.or_matchers for each in either),
    ]
    said = sorted(
        (each.name, str(each.op), each.value)
        for each in matchers
        if each.name in ("platform_id", promql.SPEAKS_FOR)
    )
    # One of several alternatives limits nothing.
    return [("or", "", ""), *said] if selector.matchers.or_matchers else said


def _unlimited(selector: VectorSelector) -> RawRefused:
    said = _(
        'Write platform_id="$platform" between the braces of {selector}, once, without `or` and '
        "with no other word on platforms: it may read those of the job's platform alone."
    )
    return RawRefused(format_lazy(said, selector=str(selector)))
