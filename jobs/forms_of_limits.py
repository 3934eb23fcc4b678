"""How careful a job is, and what it is, as parts of a form."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from platforms.notice_kinds import Severity

from .definition import Definition
from .definition_checks import BOUNDS, LONGEST_NAME, MOST_ATTEMPTS
from .duration_field import DurationField
from .form_parts import FieldsPart, Ground
from .models import Mode

#: What a new job has.
FIRST = {
    each.name: each.default
    for each in fields(Definition)
    if each.name in ("cooldown", "attempts", "boot_grace", "approval_time", "severity", "notify")
}


def _time(name: str, label: Any, help_text: Any) -> DurationField:
    least, most = BOUNDS[name]
    return DurationField(label=label, help_text=help_text, least=least, most=most)


class LimitsPart(FieldsPart):
    """How often it acts, and what it waits for."""

    attempts = forms.IntegerField(
        label=gettext_lazy("Attempts"),
        min_value=1,
        max_value=MOST_ATTEMPTS,
        widget=UnfoldAdminTextInputWidget({"inputmode": "numeric", "autocomplete": "off"}),
        help_text=gettext_lazy("So often it tries while a player stays bad; then people are told."),
    )
    cooldown = _time(
        "cooldown",
        gettext_lazy("Cooldown"),
        gettext_lazy("Between two attempts on one player."),
    )
    boot_grace = _time(
        "boot_grace",
        gettext_lazy("Boot grace"),
        gettext_lazy("So long a player takes to start: what is seen earlier does not count."),
    )
    beside = forms.BooleanField(
        label=gettext_lazy("Healthy players on the line may go dark too"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Else it waits while another player of the line is well."),
    )

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return the limits of the job, or those of a new one."""
        return super().first(ground) or FIRST


class AboutPart(FieldsPart):
    """What it is called, how far it goes, and who hears of it."""

    own_name = forms.CharField(
        label=gettext_lazy("Own name"),
        max_length=LONGEST_NAME,
        required=False,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=gettext_lazy("Empty: the name tells what the job does, and follows its changes."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )
    mode = forms.TypedChoiceField(
        label=gettext_lazy("Mode"),
        choices=Mode.choices,
        coerce=Mode,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    approval_time = _time(
        "approval_time",
        gettext_lazy("Time to approve"),
        gettext_lazy("After that a proposed action lapses."),
    )
    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"),
        choices=Severity.choices,
        coerce=lambda text: Severity(int(text)),
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy(
            "What it finds, asks or misses is told to channels that hear of this severity."
        ),
    )
    notify = forms.BooleanField(
        label=gettext_lazy("Tell people"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Notices of its episodes go to the platform's channels."),
    )
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    def first(self, ground: Ground) -> dict[str, Any]:
        """Return what the job is; a new one is enabled, in shadow."""
        new = {**FIRST, "mode": Mode.SHADOW.value, "enabled": True}
        return super().first(ground) or new

    def clean_description(self) -> str:
        """Return what was typed; what nobody touched stays as it is, to its last line end."""
        typed = _plain(self.cleaned_data["description"])
        before = self.ground.before.description if self.ground.before else ""
        return before if typed == _plain(before) else typed


def _plain(text: str) -> str:
    """Return a text without what browsers change: line ends, and spaces around it."""
    return text.replace("\r\n", "\n").strip()
