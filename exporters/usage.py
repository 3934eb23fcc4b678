"""How much of its limits a platform uses, as an expression that pages of platforms count with."""

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from .models import Player


def players_used() -> Coalesce:
    """Return the number of watched players of the platform of the outer query."""
    players = Player.objects.enrolled().filter(platform=OuterRef("pk")).order_by()
    counted = players.values("platform").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
