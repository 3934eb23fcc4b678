"""Settings of the commands that start other processes: no database, no secrets of their own.

The processes they start have the settings of the web application or of an exporter.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

INSTALLED_APPS = ["remosa", "demo"]
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
USE_I18N = False
