"""The log of the web server itself, in the form and the time zone of the application's.

gunicorn starts before Django does and would write lines of its own sort.
"""

import logging.config
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from remosa.environment import Environment
from remosa.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent


class WebLog(Logger):
    """Named to gunicorn as --logger-class. What goes into a file stays as gunicorn writes it."""

    def setup(self, cfg: Any) -> None:
        """Hand lines for the standard streams over to the application's handler."""
        super().setup(cfg)
        env = Environment()
        env.read_env(BASE_DIR / ".env", overwrite=False)
        level, form = env.str("LOG_LEVEL", default="INFO"), env.str("LOG_FORMAT", default="text")
        logging.config.dictConfig(logging_config(level, form))
        for log, target in ((self.error_log, cfg.errorlog), (self.access_log, cfg.accesslog)):
            if target == "-":
                log.handlers.clear()
                log.propagate = True
