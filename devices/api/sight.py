"""Who reads phone numbers: the right is a deed of its own, asked once a request."""

from collections.abc import Mapping
from typing import Any

from devices import phones
from platforms.authentication import principal_of
from platforms.roles import Deed
from platforms.scoping import Principal


class Sight:
    """The platforms whose phone numbers somebody may read: one query."""

    def __init__(self, caller: Principal) -> None:
        self._every = caller.reaches_every_platform(Deed.PHONES)
        rows = () if self._every else caller.platform_ids(Deed.PHONES)
        self._platforms = frozenset(pk for row in rows for pk in row.values())

    def shows(self, platform_id: int | None) -> bool:
        """Tell whether numbers on rows of that platform, or of none, may be read."""
        return self._every or platform_id in self._platforms

    def phone(self, platform_id: int | None, number: str) -> str | None:
        """Return the number, or None."""
        return number if self.shows(platform_id) else None

    def text(self, platform_id: int | None, text: str) -> str:
        """Return the text, whatever could be a number in it masked where that is needed."""
        return text if self.shows(platform_id) else phones.masked_within(text)

    def values(self, platform_id: int | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by name, masked as texts are."""
        return {
            name: self.text(platform_id, each) if isinstance(each, str) else each
            for name, each in values.items()
        }


class SightedRows:
    """What views add to answer with rows that may hold phone numbers."""

    def get_serializer_context(self) -> dict[str, Any]:
        """Return the context of serializers, with what the caller may read."""
        context: dict[str, Any] = super().get_serializer_context()  # type: ignore[misc]
        view: Any = self
        if not getattr(view, "swagger_fake_view", False):
            context["sight"] = Sight(principal_of(view.request))
        return context
