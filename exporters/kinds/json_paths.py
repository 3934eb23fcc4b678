"""JSONPath (RFC 9535) in the part that costs no more than a look at every value. Pure.

People of one platform write the paths, and a process that serves all platforms follows them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonpath_rfc9535 as jsonpath
from jsonpath_rfc9535 import filter_expressions as filters
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import FilterSelector, WildcardSelector

from exporters.kinds.shape import marked as _

LONGEST = 300  # characters
MOST_SEGMENTS = 20

# What a person reads who wrote another one.
NO_PATH = _("This is no JSONPath. Examples: $.data[*] for a list, $.state.code for a field.")
TOO_COSTLY = _(
    "This JSONPath is too costly: use neither functions nor several choices in one pair of"
    " brackets, at most one '..', no filter within a filter, and compare with fixed values only,"
    " texts by == and != alone."
)


KEPT = 1000  # compiled paths; people may write any number of them


class PathError(ValueError):
    """A text that is no path, or one of another part of JSONPath; says what to do."""


class TooDeepError(ValueError):
    """A document nested deeper than a path can be followed: what it holds is not known."""


class Path:
    """A path that can be followed."""

    def __init__(self, text: str) -> None:
        """Compile the text. Raises PathError."""
        try:
            self._query = jsonpath.compile(text if len(text) <= LONGEST else "")
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise PathError(NO_PATH) from error
        if not _is_cheap(self._query):
            raise PathError(TOO_COSTLY)

    @property
    def is_plain(self) -> bool:
        """Tell whether it leads to one place at most, by names and numbers alone."""
        return self._query.singular_query()

    @property
    def descends(self) -> bool:
        """Tell whether it looks at every depth, so that one value it finds may hold another."""
        return any(
            isinstance(each, JSONPathRecursiveDescentSegment) for each in self._query.segments
        )

    def has_place(self, value: Any) -> bool:
        """Tell whether there is something in which the path could find values, be it empty.

        Raises TooDeepError.
        """
        *most, last = self._query.segments
        if not isinstance(last.selectors[0], WildcardSelector | FilterSelector):
            return False
        place = jsonpath.JSONPathQuery(env=self._query.env, segments=tuple(most))
        try:
            return any(isinstance(node.value, list | dict) for node in place.finditer(value))
        except jsonpath.JSONPathError as error:
            raise TooDeepError from error

    def all(self, value: Any) -> list[Any]:
        """Return every value that the path leads to. Raises TooDeepError."""
        try:
            return [node.value for node in self._query.finditer(value)]
        except jsonpath.JSONPathError as error:
            raise TooDeepError from error

    def one(self, value: Any) -> Any:
        """Return the value that the path leads to; None where there is none or several of them."""
        try:
            found = self.all(value)
        except TooDeepError:
            return None
        return found[0] if len(found) == 1 else None


@lru_cache(KEPT)
def compiled(text: str) -> Path:
    """Return the path of a text; every poll of every source asks for the same few."""
    return Path(text)


def _is_cheap(query: jsonpath.JSONPathQuery, in_filter: bool = False) -> bool:
    """Tell whether following it takes time in proportion to the document's size."""
    if len(query.segments) > MOST_SEGMENTS:
        return False
    descents = 0
    for segment in query.segments:
        descents += isinstance(segment, JSONPathRecursiveDescentSegment)
        if len(segment.selectors) != 1:
            return False
        selector = segment.selectors[0]
        if isinstance(selector, FilterSelector) and (
            in_filter or not all(map(_is_cheap_part, _parts(selector.expression)))
        ):
            return False
    return descents <= (0 if in_filter else 1)


def _is_cheap_part(part: filters.Expression) -> bool:
    if isinstance(part, filters.FilterQuery):
        fixed = isinstance(part, filters.RelativeFilterQuery)
        return fixed and part.query.singular_query()
    if isinstance(part, filters.ComparisonExpression):
        # Two values of the document may be as large as it is, at every step of a '..'.
        # Which of two texts comes first would tell a secret that is echoed, letter by letter.
        literals = [each for each in (part.left, part.right) if _is_literal(each)]
        in_order = any(isinstance(each, filters.StringLiteral) for each in literals)
        return bool(literals) and not (in_order and part.operator not in ("==", "!="))
    return not isinstance(part, filters.FunctionExtension)


def _is_literal(part: filters.Expression) -> bool:
    return isinstance(part, filters.FilterExpressionLiteral)


def _parts(expression: filters.Expression) -> Iterator[filters.Expression]:
    yield expression
    for name in ("expression", "left", "right"):
        part = getattr(expression, name, None)
        if isinstance(part, filters.Expression):
            yield from _parts(part)
