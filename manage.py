#!/usr/bin/env python3
"""Run a command of Remosa; exporters and supervisors get settings of their own, no database."""

import os
import re
import sys

EXPORTER_COMMAND = re.compile(r"run_\w+_exporter")
# They start other processes, or are no part of the product.
SUPERVISING = ("run_local", "run_demo", "run_demo_vendor", "tell_vendor", "demo_report")


def main() -> None:
    """Choose the settings by the command's name and hand over to Django."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    settings = "remosa.settings"
    if EXPORTER_COMMAND.fullmatch(command):
        settings = "remosa.exporter_settings"
    elif command in SUPERVISING:
        settings = "remosa.local_settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            f"{error}. The packages of Remosa are not installed here: run `make setup`, "
            "then .venv/bin/python manage.py."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
