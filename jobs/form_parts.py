"""What the parts of a job's form have in common, so that any page can ask for any of them.

A part checks what was typed into it, says what it knows of the definition so far, and takes what
is wrong with its fields. It writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.forms import BaseFormSet
from django.forms.renderers import get_default_renderer
from django.utils.datastructures import MultiValueDict

from platforms.models import Platform, User
from platforms.roles import Deed

from .definition import Definition
from .definition_checks import Errors

Data = MultiValueDict[str, str]


@dataclass(frozen=True)
class Ground:
    """For whom and for which platform a form is; ``before`` is the job as it is stored.

    ``found_at`` is the address at which players, sites and exporters are looked for, ``deed`` what
    the person has to be allowed to do to reach them.
    """

    person: User
    platform: Platform
    before: Definition | None = None
    found_at: str = ""
    deed: Deed = Deed.FLEET

    @property
    def owns(self) -> bool:
        """Tell whether the person may do what superadmins alone may."""
        return self.person.reaches_every_platform(Deed.OWN)


class FieldsPart(forms.Form):
    """A part of single fields, called as the definition calls them."""

    def __init__(self, ground: Ground, data: Data | None = None, **kwargs: Any) -> None:
        self.ground = ground
        super().__init__(data, initial=self.first(ground), **kwargs)

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return what the fields show before anything was typed."""
        before = ground.before
        names = self.base_fields if before else ()
        return {name: getattr(before, name) for name in names if hasattr(before, name)}

    def values(self) -> dict[str, Any]:
        """Return those values of the definition that are right so far."""
        self.full_clean()
        return {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}

    def tell(self, errors: Errors) -> None:
        """Take what is wrong with the fields, unless they say something themselves."""
        for name in self.fields:
            if name not in self.errors:
                for told in errors.get(name, ()):
                    self.add_error(name, told)


class RowForm(forms.Form):
    """One row of a part that has several."""

    def __init__(self, *args: Any, ground: Ground, **kwargs: Any) -> None:
        self.ground = ground
        super().__init__(*args, **kwargs)

    @property
    def gone(self) -> bool:
        """Tell whether the row was taken out."""
        return bool(self["DELETE"].value()) if "DELETE" in self.fields else False


class RowsPart(BaseFormSet[RowForm]):
    """A part of rows that a person adds and takes out. ``name`` is that of the definition."""

    name: ClassVar[str]
    #: What a new row shows, by the names that its fields have in a request.
    fresh: ClassVar[Mapping[str, str]] = {}

    # What Django's own factory would set.
    renderer = get_default_renderer()
    extra = min_num = 0
    can_order = validate_min = validate_max = False
    can_delete = can_delete_extra = True

    def __init__(self, ground: Ground, data: Data | None = None, **kwargs: Any) -> None:
        self.ground = ground
        self.told: list[str] = []
        first = None if data is not None else self.first(ground)
        kwargs = {"form_kwargs": {"ground": ground}, "initial": first, **kwargs}
        super().__init__(data, prefix=self.name, **kwargs)

    def first(self, ground: Ground) -> list[dict[str, Any]]:
        """Return what the rows show before anything was typed."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """Return those values of the definition that are right so far."""
        raise NotImplementedError

    @property
    def kept(self) -> list[RowForm]:
        """Return the rows that were not taken out."""
        return [form for form in self.forms if not form.gone]

    def tell(self, errors: Errors) -> None:
        """Take what is wrong with all rows together, and with each of them."""
        if not self.is_valid():
            return
        self.told += errors.get(self.name, [])
        for number, form in enumerate(self.kept):
            for told in errors.get(f"{self.name}.{number}", ()):
                form.add_error(None, told)


def grown(data: Data, parts: Mapping[str, type[RowsPart]]) -> Data:
    """Return the posted fields with a row more, or less, where such a button was pressed."""
    changed = data.copy()
    part = parts.get(data.get("_more", ""))
    if part is not None:
        total = changed.get(f"{part.name}-TOTAL_FORMS", "0")
        number = int(total) if total.isascii() and total.isdecimal() and len(total) < 4 else 0
        changed[f"{part.name}-TOTAL_FORMS"] = str(number + 1)
        for field, value in part.fresh.items():
            changed[f"{part.name}-{number}-{field}"] = value
    less = data.get("_less", "")
    if less.rpartition("-")[0] in parts:
        changed[f"{less}-DELETE"] = "on"
    return changed
