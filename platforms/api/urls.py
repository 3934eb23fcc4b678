"""Addresses of the REST API of what platforms themselves have: channels and notices."""

from typing import Any

from django.urls import URLPattern

from .channels import NotificationChannels
from .notices import Notices
from .routes import either_way

READ_MANY: dict[str, Any] = {"get": "list"}
READ_ONE: dict[str, Any] = {"get": "retrieve"}
CHANGE: dict[str, Any] = {"patch": "partial_update", "delete": "destroy"}

urlpatterns: list[URLPattern] = [
    *either_way("notices", Notices.as_view(READ_MANY)),
    *either_way("notices/read", Notices.as_view({"post": "read"})),
    *either_way("notices/<id:pk>", Notices.as_view(READ_ONE)),
    *either_way(
        "notification-channels", NotificationChannels.as_view({**READ_MANY, "post": "create"})
    ),
    *either_way(
        "notification-channels/<id:pk>", NotificationChannels.as_view({**READ_ONE, **CHANGE})
    ),
    *either_way(
        "notification-channels/<id:pk>/test", NotificationChannels.as_view({"post": "test"})
    ),
]
