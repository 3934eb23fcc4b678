"""What the applications above lend to the pages of platforms, which may not import them.

Each application fills it in from its ``AppConfig.ready()``; nothing else writes here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Expression

if TYPE_CHECKING:
    from .audit import Actor
    from .models import Membership

#: Name of a limit of Platform -> makes the expression that counts what the platform uses of it.
usage_of_limits: dict[str, Callable[[], Expression]] = {}

#: Name of an exporter kind -> its title, for tokens of exporter processes.
exporter_kinds: dict[str, str] = {}

#: Application -> takes back what a member was given, in the transaction that ends the membership.
leaving: dict[str, "Callable[[Membership, Actor], None]"] = {}
