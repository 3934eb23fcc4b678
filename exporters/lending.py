"""What the applications above show beside players: these pages may not import them.

Each application fills it in from its ``AppConfig.ready()``; nothing else writes here.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from django.utils.safestring import SafeString
from django_stubs_ext import StrOrPromise

from platforms.models import User

from .models import Player


class PlayerColumn(NamedTuple):
    """A column of the device page; ``cells`` answers for all players of a page at once, by id."""

    title: StrOrPromise
    cells: Callable[[User, Collection[int]], Mapping[int, SafeString]]


#: By name, in the order in which they came. A player without a cell shows a dash.
player_columns: dict[str, PlayerColumn] = {}

#: By name: what stands on the page of one player, fetched anew with its live part; "" for nothing.
player_panels: dict[str, Callable[[User, Player], SafeString]] = {}

#: By name: what stands on top of the overview, fetched anew with it; "" for nothing.
overview_panels: dict[str, Callable[[User], SafeString]] = {}
