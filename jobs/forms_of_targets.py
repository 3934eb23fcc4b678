"""What a job watches, as a part of a form: the whole platform, or exporters, sites and players."""

from collections.abc import Collection
from typing import Any, ClassVar, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import AutocompleteWidgetMixin, UnfoldAdminRadioSelectWidget

from exporters.models import Exporter, Player
from platforms.models import Site

from .definition_checks import Errors
from .form_parts import Data, FieldsPart, Ground
from .selection import Selection

MOST: Final = 500  # of each sort; one that names more is changed by the API
WHOLE, NAMED = "whole", "named"


class FoundWidget(AutocompleteWidgetMixin, forms.SelectMultiple):
    """Rows of one platform, found by typing: a fleet is too long for a list."""

    def __init__(self, address: str = "") -> None:
        super().__init__({"data-ajax--url": address})
        # The script of Django's own autocomplete would take it for one of its.
        self.attrs["class"] = "unfold-admin-autocomplete"

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        """Render the chosen ones alone."""
        chosen = [each for each in value if str(each).isascii() and str(each).isdecimal()]
        pks = [int(each) for each in chosen[:MOST] if len(str(each)) < 19]
        rows: QuerySet[Any] = self.choices.queryset  # type: ignore[attr-defined]
        options = [
            self.create_option(name, row.pk, str(row), True, at)
            for at, row in enumerate(rows.filter(pk__in=pks))
        ]
        return [(None, options, 0)]


class TargetsPart(FieldsPart):
    """What it watches. Rows of other platforms are not there, whoever asks."""

    sorts: ClassVar[tuple[str, ...]] = ("exporters", "sites", "players")

    reach = forms.ChoiceField(
        label=gettext_lazy("It watches"),
        choices=(
            (WHOLE, gettext_lazy("every player of the platform, also new ones")),
            (NAMED, gettext_lazy("what is named here")),
        ),
        widget=UnfoldAdminRadioSelectWidget(),
    )
    exporters = forms.ModelMultipleChoiceField(
        Exporter.objects.none(),
        label=gettext_lazy("All players of these exporters"),
        required=False,
    )
    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=gettext_lazy("All players of these sites"), required=False
    )
    players = forms.ModelMultipleChoiceField(
        Player.objects.none(), label=gettext_lazy("These players"), required=False
    )

    def __init__(self, ground: Ground, data: Data | None = None, **kwargs: Any) -> None:
        super().__init__(ground, data, **kwargs)
        for name in self.sorts:
            field: Any = self.fields[name]
            field.widget = FoundWidget(f"{ground.found_at}?of={name}&platform={ground.platform.pk}")
            field.queryset = reachable(ground, name, self.initial.get(name, ()))
            if len(self.initial.get(name, ())) > MOST:
                field.disabled = True
                text = _("%(number)d are named: that is changed by the API alone.")
                field.help_text = text % {"number": len(self.initial[name])}

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return what the job names; a new one names nothing yet."""
        if ground.before is None:
            return {"reach": NAMED}
        chosen = ground.before.selection
        named = {name: sorted(getattr(chosen, name)) for name in self.sorts}
        return {"reach": WHOLE if chosen.whole else NAMED, **named}

    def values(self) -> dict[str, Any]:
        """Return the selection, as far as it is right."""
        self.full_clean()
        told = self.cleaned_data
        named = {
            name: frozenset(row.pk for row in told[name]) for name in self.sorts if name in told
        }
        whole = told.get("reach") == WHOLE
        return {"selection": Selection(self.ground.platform.pk, whole, **named)}

    def tell(self, errors: Errors) -> None:
        """Take what is wrong with the selection."""
        if not self.errors:
            for told in errors.get("selection", ()):
                self.add_error("reach", told)


def reachable(ground: Ground, sort: str, stored: Collection[int] = ()) -> "QuerySet[Any]":
    """Return the rows of the platform that the person may give to a job.

    Players that are out of use are among them where the job names them: they may come back.
    """
    rows: Any
    if sort == "exporters":
        rows = Exporter.objects.for_user(ground.person, ground.deed)
    elif sort == "sites":
        rows = Site.objects.for_user(ground.person, ground.deed)
    else:
        every = Player.objects.for_user(ground.person, ground.deed)
        rows = every.enrolled() | every.filter(pk__in=stored) if stored else every.enrolled()
    found: QuerySet[Any] = rows.filter(platform=ground.platform)
    return found


def search(ground: Ground, sort: str, term: str) -> "QuerySet[Any]":
    """Return what can be named and is called so, by name."""
    rows = reachable(ground, sort)
    if sort != "players":
        return rows.filter(name__icontains=term).order_by("name", "pk")
    called = Q(name__icontains=term) | Q(identity__icontains=term)
    return rows.filter(called).order_by("name", "pk")
