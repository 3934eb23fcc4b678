"""Seal every stored secret with the first key of REMOSA_SECRET_KEYS."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from platforms.keyring import KeyRingError
from platforms.secret_rotation import rotate


class Command(BaseCommand):
    """After a new key was put in front: run this, then the old key may be taken away."""

    help = "Encrypt every stored secret with the first key of REMOSA_SECRET_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and report; a secret that cannot be read makes the command fail at the end."""
        try:
            done = rotate(apps.get_models())
        except KeyRingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("Encrypted anew: %(resealed)d. Already with the first key: %(current)d.")
            % {"resealed": done.resealed, "current": done.current}
        )
        for line in done.unreadable:
            self.stderr.write(line)
        if done.unreadable:
            raise CommandError(
                _("%d secrets cannot be read; do not take the old key away.") % len(done.unreadable)
            )
