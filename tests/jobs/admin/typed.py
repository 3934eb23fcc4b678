"""What a browser posts for a page of a job: every field that the page shows, as it shows it."""

from typing import Any

from django.forms import BoundField

from jobs.duration_field import DurationWidget
from jobs.form_parts import RowsPart
from jobs.forms_of_jobs import JobForm
from jobs.forms_of_rungs import RungForm


def posted(form: JobForm) -> dict[str, Any]:
    """Return the fields of a form as a browser sends them when nothing is touched."""
    told: dict[str, Any] = {}
    for part in form.parts.values():
        rows = part.forms if isinstance(part, RowsPart) else []
        rungs = [row for row in rows if isinstance(row, RungForm)]
        values = [row.parameters for row in rungs if row.parameters is not None]
        own = part.management_form if isinstance(part, RowsPart) else part
        for each in [own, *rows, *values]:
            for field in each:
                told |= _of(field)
    return told


def _of(field: BoundField) -> dict[str, Any]:
    name, value, widget = field.html_name, field.value(), field.field.widget
    if isinstance(widget, DurationWidget):
        number, unit = value if isinstance(value, list) else widget.decompress(value)
        return {f"{name}_number": number, f"{name}_unit": unit}
    if value is None or value is False or name.endswith("-DELETE"):
        return {}
    return {name: "on" if value is True else value}
