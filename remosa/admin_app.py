"""Puts our admin site in the place of Django's. Apart from the site: no models are loaded yet."""

from django.contrib.admin.apps import AdminConfig


class RemosaAdminConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "remosa.admin_site.RemosaAdminSite"
