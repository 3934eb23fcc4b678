"""All addresses of the web application."""

from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from . import health

handler400 = "remosa.failures.bad_request"
handler500 = "remosa.failures.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Browsers ask for it by this name on pages that name no other: the API's, and error pages.
    path("favicon.ico", lambda _request: redirect(static("remosa/favicon.svg")), name="favicon"),
    path("-/healthy", health.healthy, name="healthy"),
    path("-/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("remosa.api_urls")),
    path("", include("platforms.urls")),
    path("admin/", admin.site.urls),
]
