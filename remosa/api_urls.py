"""Addresses of the REST API: each application's own, the schema, and the page that shows it."""

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils import translation
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from platforms.api import NotFound
from platforms.api.routes import either_way
from platforms.authentication import DeedPermission

# Written for programmers, as the page of Swagger is: half of it in another language helps nobody.
in_english = translation.override("en")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include("platforms.api.urls")),
    path("v1/", include("exporters.api.urls")),
    path("v1/", include("devices.api.urls")),
    path("v1/", include("jobs.api.urls")),
    *either_way(
        "schema",
        in_english(
            SpectacularAPIView.as_view(permission_classes=[DeedPermission], metadata_class=None)
        ),
        name="api-schema",
    ),
    *either_way(
        "docs",
        login_required(SpectacularSwaggerView.as_view(url_name="api-schema", metadata_class=None)),
        name="api-docs",
    ),
    re_path("", NotFound.as_view()),
]
