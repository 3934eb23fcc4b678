"""What the overview shows of the road of commands: lent to it in apps.py."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from platforms.models import User

from . import road


def road_panel(person: User) -> SafeString:
    """Return what keeps commands from going out, as markup; "" where nothing does."""
    troubles = road.troubles(person, timezone.now())
    return (
        render_to_string("admin/devices/road.html", {"troubles": troubles})
        if troubles
        else SafeString()
    )
