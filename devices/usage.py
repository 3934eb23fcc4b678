"""How much of its limits a platform uses, as expressions that pages of platforms count with."""

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from .models import Device


def sockets_used() -> Coalesce:
    """Return the number of sockets in use of the platform of the outer query."""
    sockets = Device.objects.in_use().filter(platform=OuterRef("pk")).order_by()
    counted = sockets.values("platform").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
