"""What each role may do, in one table. Pure: no database, no request.

The page docs/roles.md is generated from this table and a test holds the two together.
"""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """A person's role on one platform; the superadmin is a flag of the account, above all roles."""

    ADMIN = "admin", _("Administrator")
    MANAGER = "manager", _("Manager")
    USER = "user", _("User")
    VIEWER = "viewer", _("Viewer")


class Deed(StrEnum):
    """One kind of act; every queryset, page and API method asks for exactly one of them."""

    SEE = "see"  # read the platform's players, exporters, sites and audit
    FLEET = "fleet"  # change exporters, MACs, players, sites, sockets and what hangs on them
    PHONES = "phones"  # read phone numbers of sockets
    SEND_ASSIGNED = "send_assigned"  # command the sockets that one was given
    SEND = "send"  # command every socket, approve, acknowledge, pause
    DESTROY = "destroy"  # destructive commands, after a confirmation
    CHANNELS = "channels"  # see and change where notices are sent
    MEMBERS = "members"  # invite, change and remove members with a lower role
    OWN = "own"  # platforms, limits, Prometheus, exporter processes: superadmins alone


_USING = frozenset({Deed.SEE, Deed.PHONES, Deed.SEND_ASSIGNED})
_MANAGING = _USING | {Deed.FLEET, Deed.SEND, Deed.CHANNELS}

DEEDS_OF: dict[Role, frozenset[Deed]] = {
    Role.ADMIN: _MANAGING | {Deed.DESTROY, Deed.MEMBERS},
    Role.MANAGER: _MANAGING,
    Role.USER: _USING,
    Role.VIEWER: frozenset({Deed.SEE}),
}

RANK: tuple[Role, ...] = (Role.VIEWER, Role.USER, Role.MANAGER, Role.ADMIN)


def roles_that_may(deed: Deed) -> list[Role]:
    """Return the roles whose holders may do the deed on their platform."""
    return [role for role, deeds in DEEDS_OF.items() if deed in deeds]


def roles_below(role: Role) -> list[Role]:
    """Return the roles that a holder of this one may give and take away."""
    return list(RANK[: RANK.index(role)])
