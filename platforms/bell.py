"""What a person has not read yet: one cheap query for the header of every page."""

from django.db.models import IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from .models import Notice, NoticeMark, User

MOST = 99  # more than these are not counted


class Counted(Subquery):
    """How many rows a question finds, as a column of another one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def is_new(person: User) -> Q:
    """Return the condition that a notice is new to somebody.

    Who joined today is not told of all that was before. A notice that commits after one with a
    higher number was read counts as read: the channels are what nothing gets past.
    """
    read = Subquery(NoticeMark.objects.filter(user=person).values("up_to"))
    return Q(pk__gt=Coalesce(read, Value(0)), at__gte=person.date_joined)


def unread(person: User) -> int:
    """Return how many notices of one's platforms are new, at most one more than MOST."""
    return _unread(person).count()


def unread_column(person: User) -> Counted:
    """Return the same as a column, for a page that asks for more than the bell at once."""
    return Counted(_unread(person).values("pk"))


def shown(count: int) -> str:
    """Return a count as the bell writes it."""
    return f"{MOST}+" if count > MOST else str(count)


def mark_read(person: User, up_to: int) -> None:
    """Move the mark forward to a notice that the person can see; never back."""
    newest = Notice.objects.for_user(person).filter(pk__lte=up_to).order_by("-pk").first()
    if newest is None:
        return
    NoticeMark.objects.get_or_create(user=person)
    NoticeMark.objects.filter(user=person, up_to__lt=newest.pk).update(up_to=newest.pk)


def _unread(person: User) -> QuerySet[Notice]:
    new: QuerySet[Notice] = Notice.objects.for_user(person).filter(is_new(person))
    return new.order_by()[: MOST + 1]
