"""Texts with `{name}` in them, filled in so that a value can never be more than a value.

Pure. Each place has its own way of writing a value down: an address, a form, JSON. A text is gone
through once: a value that looks like a placeholder itself stays as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

Values = Mapping[str, str | int]
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]*)\}")


def names(template: Any) -> Iterator[str]:
    """Yield the names in a text, or in all texts of a JSON value, its keys among them."""
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, list):
        for each in template:
            yield from names(each)
    elif isinstance(template, dict):
        for key, value in template.items():
            yield from names(key)
            yield from names(value)


def in_address(template: str, values: Values) -> str:
    """Fill in a path or a query."""
    return _filled(template, values, lambda value: quote(value, safe=""))


def in_form(template: str, values: Values) -> str:
    """Fill in `name={value}&...`."""
    return _filled(template, values, quote_plus)


def in_line(template: str, values: Values) -> str:
    """Fill in a header. Values are taken as they are: the caller refuses line breaks."""
    return _filled(template, values, lambda value: value)


def in_json(template: Any, values: Values) -> Any:
    """Fill in the texts of a parsed JSON value; a number that stands alone stays a number."""
    if isinstance(template, list):
        return [in_json(each, values) for each in template]
    if isinstance(template, dict):
        return {key: in_json(value, values) for key, value in template.items()}
    if not isinstance(template, str):
        return template
    alone = _PLACEHOLDER.fullmatch(template)
    if alone and isinstance(value := values.get(alone[1]), int):
        return value
    return _filled(template, values, lambda text: text)


def _filled(template: str, values: Values, write: Callable[[str], str]) -> str:
    def value(match: re.Match[str]) -> str:
        known = match[1] in values
        return write(str(values[match[1]])) if known else match[0]

    return _PLACEHOLDER.sub(value, template)
