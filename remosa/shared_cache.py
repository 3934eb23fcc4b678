"""What the web processes share, in Redis. While Redis is away all is forgotten and nothing fails.

For values that can be found out again: who counts or locks is not served here.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.retry import Retry

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
LEFT_ALONE_SECONDS = 5.0

Answer = TypeVar("Answer")


class Reach:
    """Whether a server answers, as all threads of this process found it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._away = False
        self._ask_again_at = 0.0

    def ask(self, question: Callable[[], Answer], instead: Answer) -> Answer:
        """Return the answer; ``instead`` when there is none, or was none a moment ago."""
        if self._away and time.monotonic() < self._ask_again_at:
            return instead
        try:
            answer = question()
        except RedisError as error:
            self._lost(error)
            return instead
        self._found()
        return answer

    def _lost(self, error: RedisError) -> None:
        with self._lock:
            known, self._away = self._away, True
            self._ask_again_at = time.monotonic() + LEFT_ALONE_SECONDS
        if not known:
            logger.warning("Redis does not answer (%s); pages go on without what it keeps", error)

    def _found(self) -> None:
        if not self._away:
            return
        with self._lock:
            known, self._away = not self._away, False
        if not known:
            logger.info("Redis answers again")


# Django makes a cache for each thread; what was found out of a server is for all of them.
_REACHES: dict[str, Reach] = {}


class ForgetfulRedisCache(RedisCache):
    """Reads nothing and writes nowhere while Redis is away; other words raise as Django's do."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": PATIENCE_SECONDS,
            "socket_timeout": PATIENCE_SECONDS,
            # Once more, for the connection that a restarted server has forgotten.
            "retry": Retry(NoBackoff(), 1, supported_errors=(NoConnectionError,)),
        }
        super().__init__(server, {**params, "OPTIONS": options | params.get("OPTIONS", {})})
        self._reach = _REACHES.setdefault(server, Reach())

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept, else ``default``."""
        return self._reach.ask(partial(super().get, key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Return what is kept of these."""
        return self._reach.ask(partial(super().get_many, keys, version), {})

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Keep a value where that is possible."""
        self._reach.ask(partial(super().set, key, value, timeout, version), None)

    def set_many(
        self,
        data: Mapping[Any, Any],
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        """Keep values; return the keys that were not kept."""
        keep = partial(super().set_many, dict(data), timeout, version)
        return self._reach.ask(keep, list(data))

    def answers(self) -> bool:
        """Tell whether Redis answers now."""
        return self._reach.ask(lambda: bool(self._cache.get_client().ping()), False)


def is_away() -> bool:
    """Tell whether there should be a Redis and it does not answer."""
    cache = caches["default"]
    return isinstance(cache, ForgetfulRedisCache) and not cache.answers()
