"""Static files of the tests' browsers: looked for once in a process.

Every client of Django's makes the middlewares anew, and WhiteNoise would look through all folders
for each of them: a sixth of the time of tests that open pages.
"""

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


def install() -> None:
    """Let every further browser know the files that the first one found."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(self: Any) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = look_once
