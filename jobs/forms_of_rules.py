"""What makes a job act, as parts of a form: a rule over metrics, or a schedule."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from platforms.models.platform import time_zone_choices

from . import cron, raw_promql
from .definition_checks import BOUNDS
from .duration_field import DurationField
from .form_parts import Data, FieldsPart, Ground
from .models import Joined, Trigger

CONDITIONS, RAW = "conditions", "raw"


class TriggerPart(FieldsPart):
    """Whether it is a rule or a schedule."""

    trigger = forms.TypedChoiceField(
        label=gettext_lazy("It acts by"),
        choices=Trigger.choices,
        coerce=Trigger,
        initial=Trigger.RULE,
        widget=UnfoldAdminRadioSelectWidget(),
    )

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return that of the job; a new one is a rule."""
        return super().first(ground) or {"trigger": Trigger.RULE.value}


class RulePart(FieldsPart):
    """How conditions come together and for how long they hold; PromQL for superadmins alone."""

    asks = forms.ChoiceField(
        label=gettext_lazy("What is asked"),
        choices=(
            (CONDITIONS, gettext_lazy("conditions")),
            (RAW, gettext_lazy("raw PromQL")),
        ),
        widget=UnfoldAdminRadioSelectWidget(),
    )
    raw = forms.CharField(
        label=gettext_lazy("PromQL"),
        max_length=raw_promql.LONGEST,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            'A player is bad while it has a series in the answer. Write platform_id="$platform" '
            "into each selector; superadmins alone write this."
        ),
    )
    joined = forms.TypedChoiceField(
        label=gettext_lazy("A player is bad while"),
        choices=Joined.choices,
        coerce=Joined,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    hold = DurationField(
        label=gettext_lazy("For"),
        least=BOUNDS["hold"][0],
        most=BOUNDS["hold"][1],
        help_text=gettext_lazy("So long a player must be bad before anything is done."),
    )
    recover = DurationField(
        label=gettext_lazy("Recover for"),
        least=BOUNDS["recover"][0],
        most=BOUNDS["recover"][1],
        help_text=gettext_lazy("So long it must be well again before that is believed."),
    )

    def __init__(self, ground: Ground, data: Data | None = None, **kwargs: Any) -> None:
        super().__init__(ground, data, **kwargs)
        self.kept_raw = ground.before.raw if ground.before and not ground.owns else ""
        if not ground.owns:
            del self.fields["asks"], self.fields["raw"]

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return what the job asks; a new one holds five minutes."""
        told = super().first(ground) or {"joined": Joined.ALL.value, "hold": 300, "recover": 120}
        return {**told, "asks": RAW if told.get("raw") else CONDITIONS}

    @property
    def is_raw(self) -> bool:
        """Tell whether PromQL is asked, and no conditions."""
        return bool(self.kept_raw) or ("asks" in self.fields and self["asks"].value() == RAW)

    def clean(self) -> dict[str, Any]:
        """Refuse PromQL that could read more than its platform."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("asks") == RAW:
            try:
                raw_promql.check(cleaned.get("raw", ""))
            except raw_promql.RawRefused as error:
                self.add_error("raw", str(error))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what is right so far; PromQL only where it is what is asked."""
        told = super().values()
        told.pop("asks", None)
        told["raw"] = self.kept_raw or (told.get("raw", "") if self.is_raw else "")
        return told


class SchedulePart(FieldsPart):
    """When a schedule runs."""

    cron = forms.CharField(
        label=gettext_lazy("Schedule"),
        max_length=cron.LONGEST,
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": "0 3 * * *", "autocomplete": "off", "list": "cron-examples"}
        ),
        help_text=gettext_lazy("Minute, hour, day of month, month, day of week: 0 3 * * 1-5"),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), required=False, widget=UnfoldAdminSelect2Widget()
    )

    def __init__(self, ground: Ground, data: Data | None = None, **kwargs: Any) -> None:
        super().__init__(ground, data, **kwargs)
        own = _("that of the platform: %(zone)s") % {"zone": ground.platform.time_zone}
        zones: Any = self.fields["time_zone"]
        zones.choices = [("", own), *_zones(self.initial.get("time_zone", ""))]

    def clean_cron(self) -> str:
        """Return the expression in its normal form."""
        try:
            return cron.checked(self.cleaned_data["cron"])
        except cron.CronRefused as error:
            raise forms.ValidationError(str(error)) from None


def _zones(stored: str) -> list[tuple[str, str]]:
    zones = time_zone_choices()
    known = not stored or any(zone == stored for zone, _title in zones)
    return zones if known else [(stored, stored), *zones]
