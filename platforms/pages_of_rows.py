"""Cuts long lists into pages that cost the database what is on them, however far down they are."""

from typing import Any

from django.core.paginator import Page, Paginator


class RowsPaginator(Paginator[Any]):
    """Pages of a queryset: first the keys of the page in order, then the rows of these keys.

    In one step the database would join the related rows of every page before this one too.
    """

    def page(self, number: int | str) -> Page[Any]:
        """Return a page whose rows are read by their keys, in the list's order."""
        page, rows = super().page(number), self.object_list
        cut: Any = page.object_list
        every: Any = rows
        keys = list(cut.values_list("pk", flat=True))
        return Page(every.filter(pk__in=keys), page.number, self)
