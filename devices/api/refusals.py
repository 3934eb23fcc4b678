"""Refusals of the stages as answers: the same codes as in pages and audit, one status each."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from devices.commands import CommandRefused
from devices.composition import ParametersRefused, TextRefused
from devices.pauses import PauseRefused
from devices.senders import Sender
from platforms.api import Conflict
from platforms.authentication import actor_of, caller_of
from platforms.models import User

#: Who asks may not; every other refusal is about what is there now.
FORBIDDEN = frozenset({"role", "automation"})


class Refused(Conflict):
    """What is not done as things are now; with its end, where one is known, as Retry-After."""

    def __init__(self, code: str, why: str, until: datetime | None = None) -> None:
        super().__init__(why, code)
        if until is not None:
            self.wait = max(math.ceil((until - timezone.now()).total_seconds()), 1)


def sender_of(request: Request) -> Sender:
    """Return the person who asks as the sender of a command; machines are none."""
    caller = caller_of(request)
    if not isinstance(caller, User):
        raise PermissionDenied
    return Sender(actor_of(request), caller)


@contextmanager
def answered() -> Iterator[None]:
    """Turn what a stage refuses into the API's errors."""
    try:
        yield
    except CommandRefused as error:
        if error.code in FORBIDDEN:
            raise PermissionDenied(str(error), error.code) from error
        raise Refused(error.code, str(error), error.until) from error
    except PauseRefused as error:
        if error.code in FORBIDDEN:
            raise PermissionDenied(str(error), error.code) from error
        raise Refused(error.code, str(error)) from error
    except ParametersRefused as error:
        wrong = {name: [str(each)] for name, each in error.errors.items()}
        raise serializers.ValidationError({"parameters": wrong}) from error
    except TextRefused as error:
        message = _("The socket would not understand the text that this template makes.")
        raise Conflict(message, "text") from error
