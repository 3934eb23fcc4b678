"""The environment as the settings read it: the file that NAME_FILE names stands for NAME."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class Files(FileAwareMapping):
    """Variables, or the files named for them, without the line break that editors leave."""

    def __getitem__(self, key: str) -> str:
        """Return a value; ImproperlyConfigured says which file cannot be read."""
        file = self.env.get(f"{key}_FILE")
        if not file:
            value: str = self.env[key]
            return value
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
            raise ImproperlyConfigured(f"{key}_FILE: {file!r} cannot be read ({why}).") from error


class Environment(environ.Env):
    """What django-environ reads, over Files."""

    ENVIRON = Files()
