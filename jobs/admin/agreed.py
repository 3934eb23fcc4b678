"""What pages that ask once more carry along, so that what happens is what a person agreed to.

A job that somebody else changed between the question and the answer is left as it is. Stopping a
job needs no revision: it is always allowed.
"""

import re
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from jobs.models import Job
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused

SEEN = "seen"
_STAMP: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class SeenForm(forms.Form):
    """The revision of the job that the page told of."""

    seen = forms.IntegerField(widget=forms.HiddenInput)


class SwitchForm(forms.Form):
    """Whether the job is to watch: what the page asked, not the opposite of what is by then."""

    enabled = forms.BooleanField(required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Demand the revision of a job that is to be enabled."""
        told = super().clean() or self.cleaned_data
        if told.get("enabled") and told.get(SEEN) is None:
            self.add_error(SEEN, self.fields[SEEN].error_messages["required"])
        return told


def stamps(jobs: list[Job]) -> list[str]:
    """Return the revisions of jobs as a page carries them."""
    return [f"{job.pk}-{job.revision}" for job in jobs]


def revisions(request: HttpRequest) -> dict[int, int]:
    """Return by id the revisions that a page carried; what is none counts as none."""
    carried = (_STAMP.fullmatch(stamp) for stamp in request.POST.getlist(SEEN))
    return {int(found[1]): int(found[2]) for found in carried if found is not None}


def tell_refused(request: HttpRequest, job: Job, refused: DefinitionRefused | Outdated) -> None:
    """Say that a job was left as it is, and why."""
    if isinstance(refused, Outdated):
        why = str(refused)
    else:
        why = " ".join(each for told in refused.errors.values() for each in told)
    text = _("%(job)s was left as it is: %(why)s")
    messages.error(request, text % {"job": job, "why": why})
