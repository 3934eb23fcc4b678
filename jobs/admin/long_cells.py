"""Cells of lists that hold a sentence: on a phone they grow, where others are one line high."""

from django.utils.html import format_html
from django.utils.safestring import SafeString


def sentence(text: object) -> SafeString:
    """Return a text as a cell that takes as many lines as it needs."""
    return format_html('<span class="rm-sentence">{}</span>', text)
