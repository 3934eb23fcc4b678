"""Who may write raw PromQL: superadmins alone, for what it costs Prometheus is everybody's."""

from django.utils.translation import gettext as _

from platforms.roles import Deed
from platforms.scoping import Principal

from .definition import Definition
from .definition_checks import Errors


def may(user: Principal | None) -> bool:
    """Tell whether somebody may; nobody is whoever operates the machine."""
    return user is None or user.reaches_every_platform(Deed.OWN)


def refused(new: Definition, old: Definition | None, user: Principal | None) -> Errors:
    """Return what is wrong with it: a text that others wrote may stay, none may be written."""
    if new.raw in ("", old.raw if old is not None else "") or may(user):
        return {}
    return {"raw": [_("Raw PromQL is for superadmins.")]}
