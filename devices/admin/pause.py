"""Pauses: which last, who began them and why; beginning one and lifting it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from devices import pauses
from devices.forms_of_pauses import PauseForm
from devices.models import Device, Pause
from devices.pauses import PauseRefused
from devices.senders import Sender
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.admin.filters import PlatformFilter
from platforms.audit import Actor
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .shared_rows import SharedRowsAdmin


class LastingFilter(DropdownFilter):
    """Narrows the list to pauses that last, or to those that are over."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("lasts", _("Lasts")), ("over", _("Over"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those that stop something now, or the others."""
        rows: Any = queryset
        lasting = rows.at(timezone.now())
        if self.value() == "lasts":
            kept: models.QuerySet[Any] = lasting
            return kept
        return rows.exclude(pk__in=lasting.values("pk")) if self.value() == "over" else queryset


@admin.register(Pause)
class PauseAdmin(SharedRowsAdmin, ConfirmedDeedsAdmin):
    """Everybody sees what stands still and why; who may command something may pause it."""

    write_deed: ClassVar[Deed] = Deed.SEND_ASSIGNED
    may_change = False
    may_delete = False
    form = PauseForm
    list_display = ("reason", "over_what", "state", "author_name", "created_at", "expires_at")
    list_filter = (LastingFilter, PlatformFilter)
    list_select_related = ("platform", "device")
    search_fields = ("reason", "device__name", "author_name")
    autocomplete_fields = ("device",)
    actions = None
    actions_detail = ("lift",)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for four things; show who did it of one that there is."""
        if obj is None:
            return ["platform", "device", "reason", "expires_at"]
        return ["state_now", "over_what", "reason", "author_name", "created_at", "expires_at",
                "lifted_at"]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Nothing of a pause changes."""
        return self.get_fields(request, obj) if obj is not None else ()

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
        form.sender = Sender(Actor.of_request(request), person)  # type: ignore[attr-defined]
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

    @display(
        description=gettext_lazy("state"),
        label={"lasts": "warning", "over": "info", "lifted": "info"},
    )
    def state(self, pause: Pause) -> tuple[str, str]:
        """Return whether it still stops anything."""
        if pause.lifted_at is not None:
            return "lifted", _("lifted")
        if pause.expires_at is not None and pause.expires_at <= timezone.now():
            return "over", _("over")
        return "lasts", _("lasts")

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, pause: Pause) -> str:
        """Return whether it still stops anything, in words."""
        return str(self.state(pause)[1])

    # -- lifting --------------------------------------------------------------------------------

    def has_lift_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Offer it while the pause lasts, to who may."""
        pause = self.row_or_404(request, object_id)
        sender = Sender(Actor.of_request(request), person_of(request))
        lasts = self.state(pause)[0] == "lasts"
        return lasts and pauses.may(sender, pause.platform, pause.device)

    @action(
        description=gettext_lazy("Lift"),
        url_path="lift",
        icon="play_circle",
        permissions=["lift"],
    )
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first: what was held back may be sent again."""
        pause = self.row_or_404(request, object_id)
        if request.method == "POST":
            try:
                sender = Sender(Actor.of_request(request), person_of(request))
                pauses.lift(pause, sender, timezone.now())
                messages.success(request, _("The pause was lifted."))
            except PauseRefused as refused:
                messages.warning(request, str(refused))
            return self.back_to(pause)
        details = {"what": self.over_what(pause), "reason": pause.reason}
        return self.ask(
            request,
            pause,
            title=_("Lift the pause?"),
            text=_("%(what)s: %(reason)s. Switching goes on from then.") % details,
            button=_("Lift"),
        )
