"""What the overview shows of jobs: lent to it in apps.py."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from platforms.models import User

from . import watchdog


def engine_panel(person: User) -> SafeString:
    """Return why no job acts, as markup; "" where nothing keeps them from it."""
    troubles = watchdog.troubles(person, timezone.now())
    return (
        render_to_string("admin/devices/road.html", {"troubles": troubles})
        if troubles
        else SafeString()
    )
