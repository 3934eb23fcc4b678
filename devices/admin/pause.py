"""Pauses: which last, who began them and why; beginning one and lifting it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from devices import pauses
from devices.forms_of_pauses import PauseForm
from devices.models import Device, Pause
from platforms.admin.filters import PlatformFilter
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .reach import sender_of
from .shared_rows import SharedRowsAdmin
from .stops import LastingFilter, StopsAdmin


@admin.register(Pause)
class PauseAdmin(SharedRowsAdmin, StopsAdmin):
    """Everybody sees what stands still and why; who may command something may pause it."""

    write_deed: ClassVar[Deed] = Deed.SEND_ASSIGNED
    form = PauseForm
    list_display = ("reason", "over_what", "state", "author_name", "created_at", "expires_at")
    list_filter = (LastingFilter, PlatformFilter)
    list_select_related = ("platform", "device")
    search_fields = ("reason", "device__name", "author_name")
    autocomplete_fields = ("device",)
    asked = ("platform", "device", "reason", "expires_at")
    what = "over_what"

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Give the form its person; who commands some sockets alone has to name one."""
        form = super().get_form(request, obj, change=change, **kwargs)
        person = person_of(request)
        form.sender = sender_of(request)  # type: ignore[attr-defined]
        device: Any = form.base_fields.get("device")
        if device is None:
            return form
        for link in ("add", "change", "delete", "view"):
            setattr(device.widget, f"can_{link}_related", False)
        device.queryset = device.queryset.in_use()
        platform: Any = form.base_fields.get("platform")
        if platform is not None:
            platform.required = False  # that of the socket will do
            platform.help_text = _("All sockets of it, unless one is named below.")
            if person.reaches_every_platform(Deed.OWN):
                platform.help_text = _("With neither platform nor socket everything stands still.")
        if not person.may(Deed.SEND):
            device.required = True
            device.help_text = _("One of the sockets that you may command.")
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take the socket from the address, where it is one of the person's."""
        asked = request.GET.get("device", "")
        found = None
        if asked.isascii() and asked.isdecimal() and len(asked) < 19:
            rows = Device.objects.for_user(person_of(request), self.write_deed).in_use()
            found = rows.filter(pk=int(asked)).first()
        return {"device": found.pk, "platform": found.platform_id} if found else {}

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Let the stage begin it."""
        assert isinstance(form, PauseForm)  # noqa: S101 (the form of this admin)
        values = form.cleaned_data
        begun = pauses.begin(
            form.sender,
            values["reason"],
            values["expires_at"],
            timezone.now(),
            platform=values.get("platform"),
            device=values.get("device"),
        )
        obj.pk, obj.created_at, obj.platform = begun.pk, begun.created_at, begun.platform
        obj._state.adding = False

    # -- words ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("what stands still"))
    def over_what(self, pause: Pause) -> str:
        """Return what the pause stops."""
        if pause.device is not None:
            return str(pause.device)
        if pause.platform is not None:
            return _("all sockets of %(platform)s") % {"platform": pause.platform}
        return _("everything")

    # -- lifting --------------------------------------------------------------------------------

    def may_lift(self, request: HttpRequest, stop: Pause) -> bool:
        """Who could begin it may lift it."""
        return pauses.may(sender_of(request), stop.platform, stop.device)

    def end(self, request: HttpRequest, stop: Pause) -> None:
        """Let the stage lift it."""
        pauses.lift(stop, sender_of(request), timezone.now())

    def question(self, stop: Pause) -> str:
        """What was held back may be sent again."""
        details = {"what": self.over_what(stop), "reason": stop.reason}
        return _("%(what)s: %(reason)s. Switching goes on from then.") % details
