"""A text in every language of the product, as data files carry it.

Pure: data is not in the catalogues of gettext, so that it brings its translations along.
"""

from dataclasses import dataclass

from django.utils.translation import get_language


@dataclass(frozen=True)
class Words:
    """One text; `str()` of it is in the language of the reader."""

    en: str
    ru: str

    def __str__(self) -> str:
        return self.in_language(get_language() or "en")

    def in_language(self, code: str) -> str:
        """Return the text in that language, such as `ru` or `ru-ru`; English for all others."""
        return self.ru if code.partition("-")[0] == "ru" else self.en
