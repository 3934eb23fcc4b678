"""Which player a person means: by MAC, device id or name, among those of one platform."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import Q

from exporters.macs import MacError, normalise
from exporters.models import Player

BATCH = 400  # texts a query: each is looked for three times, SQLite takes 1,000 values


class Named(NamedTuple):
    """A player as lists of sockets speak of it."""

    pk: int
    identity: str
    name: str

    @property
    def title(self) -> str:
        """Return the name, or what stands for it."""
        return self.name or self.identity


def find(platform_id: int, texts: Iterable[str]) -> Mapping[str, list[Named]]:
    """Return the watched players that each text can mean; what identifies one goes before names."""
    wanted = sorted({text for text in texts if text})
    by_identity: dict[str, list[Named]] = defaultdict(list)
    by_name: dict[str, list[Named]] = defaultdict(list)
    for at in range(0, len(wanted), BATCH):
        part = wanted[at : at + BATCH]
        identities = [*part, *filter(None, map(_as_mac, part))]
        rows = Player.objects.enrolled().filter(
            Q(identity__in=identities) | Q(name__in=part), platform=platform_id
        )
        for each in map(Named._make, rows.order_by("pk").values_list("pk", "identity", "name")):
            by_identity[each.identity].append(each)
            by_name[each.name].append(each)
    found = {}
    for text in wanted:
        mac = _as_mac(text)
        known = by_identity.get(text) or (by_identity.get(mac) if mac else None)
        # A player of two batches is found twice.
        found[text] = list(dict.fromkeys(known or by_name.get(text, [])))
    return found


def _as_mac(text: str) -> str:
    try:
        return normalise(text)
    except MacError:
        return ""
