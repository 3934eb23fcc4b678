"""What no address changes and each question would find anew: who is logged in, and the schema.

Remembered for one caller in one test. What the account may do is no part of it: roles, platforms
and tokens are read for every question.
"""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from platforms.models import User


class Remembered:
    """What the first question found, by what was looked for."""

    def __init__(self) -> None:
        self.packed: dict[tuple[str, object], bytes] = {}
        self.schemas: dict[object, Any] = {}

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Answer from here while the patch lasts."""
        self._logins(patch)
        self._schema(patch)

    def _logins(self, patch: pytest.MonkeyPatch) -> None:
        """Keep sessions and accounts: Django's own, and what is written of them is taken back."""
        read_session, read_account = SessionStore.load, ModelBackend.get_user

        def load(session: SessionStore) -> dict[str, Any]:
            found: dict[str, Any] = self._copy(
                ("session", session.session_key), lambda: read_session(session)
            )
            return found

        def get_user(backend: ModelBackend, user_id: int) -> User | None:
            found: User | None = self._copy(
                ("account", user_id), lambda: read_account(backend, user_id)
            )
            return found

        patch.setattr(SessionStore, "load", load)
        patch.setattr(ModelBackend, "get_user", get_user)

    def _schema(self, patch: pytest.MonkeyPatch) -> None:
        """Keep the schema of this caller: GET, HEAD and the twin with a slash draw the same."""
        draw: Callable[..., Any] = SchemaGenerator.get_schema
        write: Callable[..., Any] = OpenApiYamlRenderer.render

        def get_schema(self_: Any, request: Any = None, public: bool = False) -> Any:
            if public not in self.schemas:
                self.schemas[public] = draw(self_, request, public)
            return self.schemas[public]

        def render(self_: Any, data: Any, *others: Any, **named: Any) -> Any:
            if data is not self.schemas.get(True):
                return write(self_, data, *others, **named)
            if "text" not in self.schemas:
                self.schemas["text"] = write(self_, data, *others, **named)
            return self.schemas["text"]

        patch.setattr(SchemaGenerator, "get_schema", get_schema)
        patch.setattr(OpenApiYamlRenderer, "render", render)

    def _copy(self, key: tuple[str, object], read: Callable[[], Any]) -> Any:
        if key not in self.packed:
            found = read()
            if not found:  # what is not there is looked for again
                return found
            self.packed[key] = pickle.dumps(found)
        # A copy each time: a request keeps what it learns, such as roles, in the account.
        return pickle.loads(self.packed[key])  # noqa: S301 (packed above)
