"""Addresses of the pages for people who are not in yet."""

from django.urls import path

from . import views

urlpatterns = [
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    # The login page of the admin looks for this name, Django's views for the three below.
    path("password-reset/", views.AskReset.as_view(), name="admin_password_reset"),
    path("password-reset/done/", views.ResetAsked.as_view(), name="password_reset_done"),
    path(
        "password-reset/<uidb64>/<token>/",
        views.SetPassword.as_view(),
        name="password_reset_confirm",
    ),
    path("password-reset/complete/", views.PasswordIsSet.as_view(), name="password_reset_complete"),
]
