"""Settings of an exporter process: no database, no key ring, nothing of the web application.

What the process itself is told (addresses, token, intervals) is read and checked by
exporters.process.configuration, so that a bad value gets one clear line instead of a traceback.
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

# The environment wins over .env; the .env of the folder one stands in, over the project's.
STARTED_WITH = dict(os.environ)
ENV_FILES = [folder / ".env" for folder in dict.fromkeys((Path.cwd(), BASE_DIR))]
for file in ENV_FILES:
    if file.is_file():
        environ.Env.read_env(file, overwrite=False)  # for what libraries read, as SSL_CERT_FILE

INSTALLED_APPS = ["exporters.process"]
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
USE_I18N = False
# The command calls it when it knows the level and the format that were asked for.
LOGGING_CONFIG = None
LOGGING_BUILDER = "remosa.logs.logging_config"
