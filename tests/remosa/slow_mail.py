"""A mail server that takes its time."""

import time
from collections.abc import Sequence
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class SlowBackend(BaseEmailBackend):
    """Takes a second for each mail."""

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Wait as for a server that is far away."""
        time.sleep(1)
        return len(email_messages)
