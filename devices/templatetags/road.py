"""Door: what keeps commands from going out, for the pages on which people give and follow them."""

from typing import Any

from django import template
from django.utils import timezone

from devices import capacity, road
from devices.models import Command
from platforms.models import User

register = template.Library()


@register.inclusion_tag("admin/devices/road.html")
def road_notice(person: User, command: Command | None = None) -> dict[str, Any]:
    """Say what is wrong with the road, and what this command waits for at its gateway."""
    now = timezone.now()
    wait = capacity.wait_of(command, now) if command is not None else None
    return {"troubles": road.troubles(person, now), "wait": wait}
