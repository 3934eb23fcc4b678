"""Addresses of the REST API: each application's own, the schema, and the page that shows it."""

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from platforms.api import NotFound
from platforms.api.routes import either_way
from platforms.authentication import DeedPermission

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include("exporters.api.urls")),
    *either_way(
        "schema",
        SpectacularAPIView.as_view(permission_classes=[DeedPermission], metadata_class=None),
        name="api-schema",
    ),
    *either_way(
        "docs",
        login_required(SpectacularSwaggerView.as_view(url_name="api-schema", metadata_class=None)),
    ),
    re_path("", NotFound.as_view()),
]
