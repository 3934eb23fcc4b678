"""What people say to jobs, as answers: refusals by code, and the same said again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from devices.api.refusals import Refused, answered as answered_by_devices
from devices.senders import Sender
from jobs.approvals import NotDecided
from jobs.maintenance import WindowRefused
from jobs.models import Episode, JobExecution, Standing
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused
from platforms.api import Strict

Decide = Callable[..., None]


class CommentBody(Strict):
    """A decision, with what the others should know."""

    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)


@contextmanager
def answered() -> Iterator[None]:
    """Turn what the stages refuse into the API's errors."""
    try:
        with answered_by_devices():
            yield
    except DefinitionRefused as error:
        raise serializers.ValidationError(dict(error.errors)) from error
    except Outdated as error:
        raise Refused("outdated", str(error)) from error
    except NotDecided as error:
        raise _refusal(error.code, str(error)) from error
    except WindowRefused as error:
        if error.field:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        raise _refusal(error.code, str(error)) from error


def _refusal(code: str, why: str) -> Exception:
    return PermissionDenied(why, code) if code == "role" else Refused(code, why)


def said_before(execution: JobExecution, sender: Sender, *, approved: bool) -> bool:
    """Tell whether the caller has decided so already: who lost the answer may ask again."""
    row = JobExecution.objects.get(pk=execution.pk)  # unscoped: what the caller reached
    mine = sender.user is not None and row.decided_by_id == sender.user.pk
    return mine and (row.standing != Standing.DECLINED) == approved


def taken_over_before(episode: Episode, sender: Sender) -> bool:
    """Tell whether the caller has taken it over already."""
    row = Episode.objects.get(pk=episode.pk)  # unscoped: what the caller reached
    return sender.user is not None and row.acknowledged_by_id == sender.user.pk


REMOVED: Any = _("This job was removed.")
