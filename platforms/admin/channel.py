"""Notification channels: where notices go, whether they arrive, and a button that tries it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action, display

from platforms import channel_addresses, channel_trials, notice_kinds, notice_texts, quiet_hours
from platforms.audit import Actor
from platforms.channel_addresses import words_of
from platforms.channel_trials import Result
from platforms.forms_of_channels import ChannelForm
from platforms.models import ChannelKind, NotificationChannel, Platform
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .confirmed_deeds import ConfirmedDeedsAdmin
from .filters import PlatformFilter

COLOURS = {"new": "info", "works": "success", "fails": "warning", "off": "danger", "switched": ""}
WAYS = ("recipients", "address", "secret")
FACTS = ("state_now", "quiet", "last_sent_at", "failure", "messages_link")


@admin.register(NotificationChannel)
class NotificationChannelAdmin(ConfirmedDeedsAdmin):
    """Of one's platforms; those of the installation are for superadmins."""

    see_deed: ClassVar[Deed] = Deed.CHANNELS
    write_deed: ClassVar[Deed] = Deed.CHANNELS
    form = ChannelForm
    search_fields = ("name",)
    list_filter = (PlatformFilter,)
    list_select_related = ("platform",)
    actions_detail = ("test",)
    conditional_fields: ClassVar = {
        "recipients": "kind == 'mail'",
        "address": "kind != 'mail'",
        "secret": "kind == 'webhook'",
    }

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["name", "way", "state", "events", "shown_severity", "last_sent_at"]
        return [*own[:1], "platform", *own[1:]] if self._may_choose(request) else own

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for the platform where there is a choice; tell what became of a channel that is."""
        platform = ("platform",) if self._may_choose(request) else ()
        installation = person_of(request).reaches_every_platform(self.write_deed)
        hears = ("hears_platforms",) if installation else ()
        blocks: list[Any] = [
            (None, {"fields": (*platform, "name", "kind", *WAYS, "language")}),
            (_("What it hears"), {"fields": ("kinds", "least_severity", *hears, "enabled")}),
            (_("Quiet hours"), {"fields": ("quiet_from", "quiet_until")}),
        ]
        if obj is not None:
            blocks.insert(0, (_("Condition"), {"fields": FACTS}))
        return blocks

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """What became of it is told, never typed."""
        return [*super().get_readonly_fields(request, obj), *FACTS]

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Let nobody but superadmins make a channel of no platform."""
        form = super().get_form(request, obj, change=change, **kwargs)
        field: Any = form.base_fields.get("platform")
        if field is not None:
            field.required = not person_of(request).reaches_every_platform(self.write_deed)
            field.help_text = "" if field.required else field.help_text
            for link in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{link}_related", False)
        form.only = self._only(request) if obj is None else None  # type: ignore[attr-defined]
        return form

    def _own(self, request: HttpRequest) -> list[Platform]:
        return list(Platform.objects.for_user(person_of(request), self.write_deed)[:2])

    def _only(self, request: HttpRequest) -> Platform | None:
        return None if self._may_choose(request) else next(iter(self._own(request)), None)

    def _may_choose(self, request: HttpRequest) -> bool:
        """Tell whether a channel of this person can be of more than one platform, or of none."""
        person = person_of(request)
        return person.reaches_every_platform(self.write_deed) or len(self._own(request)) > 1

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Store it, and let a worker's older verdict not stand on what was mended."""
        if change and {*WAYS, "kind", "enabled"} & set(form.changed_data):
            # unscoped: the row that this form changes
            NotificationChannel.objects.filter(pk=obj.pk).update(last_error="", last_error_at=None)
            obj.last_error, obj.last_error_at = "", None  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let whoever may delete a channel delete its messages with it."""
        to_delete, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    # -- trying it ------------------------------------------------------------------------------

    @action(description=gettext_lazy("Send a test"), icon="send")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a message now, and say in plain words what became of it."""
        channel: NotificationChannel = self.row_or_404(request, object_id)
        person = person_of(request)
        if request.method != "POST":
            return self.ask(
                request,
                channel,
                title=_("Send a test"),
                text=_("A test message goes to “%(name)s” now. It may take some seconds.")
                % {"name": channel.name},
                button=_("Send a test"),
            )
        try:
            trial = channel_trials.send_trial(
                channel, person, Actor.of_request(request), timezone.now()
            )
        except channel_trials.TooOftenError:
            messages.error(request, _("That was often enough for now: wait some minutes."))
            return self.back_to(channel)
        if trial.result is Result.NOT_TAKEN:
            text = _("The test message was not taken. %(why)s")
            messages.error(request, text % {"why": words_of(trial.error)})
        elif trial.result is Result.WRITTEN_DOWN:
            text = _(
                "No mail server is set: the message was only written down on the machine of "
                "Remosa. Set EMAIL_URL, then try again."
            )
            messages.warning(request, text)
        else:
            messages.success(request, _("The test message was taken. See whether it has arrived."))
        return self.back_to(channel)

    # -- words ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("by way of"), ordering="kind")
    def way(self, channel: NotificationChannel) -> str:
        """Return by what it reaches people; of an address the service alone."""
        if channel.kind == ChannelKind.SERVICE:
            return channel_addresses.title_of(channel.scheme)
        if channel.kind == ChannelKind.WEBHOOK:
            return _("Signed webhook")
        return ", ".join(channel.recipients.splitlines()[:2])

    @admin.display(description=gettext_lazy("events"))
    def events(self, channel: NotificationChannel) -> str:
        """Return what it asks for."""
        titles = [notice_kinds.title_of(kind) for kind in channel.kinds]
        return ", ".join(titles) or _("all")

    @admin.display(description=gettext_lazy("at least"), ordering="least_severity")
    def shown_severity(self, channel: NotificationChannel) -> str:
        """Return from which severity on it hears."""
        return str(notice_kinds.Severity(channel.least_severity).label)

    @display(description=gettext_lazy("state"), label=COLOURS)
    def state(self, channel: NotificationChannel) -> tuple[str, str]:
        """Return how it is doing."""
        return _state(channel)

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, channel: NotificationChannel) -> str:
        """Return how it is doing, and why."""
        code, words = _state(channel)
        if code != "off":
            return words
        return _("%(state)s, by Remosa: %(why)s") % {
            "state": words,
            "why": words_of(channel.disabled_reason),
        }

    @admin.display(description=gettext_lazy("quiet hours"))
    def quiet(self, channel: NotificationChannel) -> str:
        """Return when it is quiet and, while it is, until when."""
        begins, ends = channel.quiet_from, channel.quiet_until
        if begins is None or ends is None:
            return "—"
        zone = quiet_hours.zone_of(channel)
        hours = {"begins": formats.time_format(begins), "ends": formats.time_format(ends)}
        text = _("From %(begins)s until %(ends)s (%(zone)s).") % {**hours, "zone": zone}
        lasts_until = quiet_hours.lasts_until(channel, timezone.now())
        if lasts_until is None:
            return text
        moment = notice_texts.moment(lasts_until, zone)
        now = _("It is quiet now, until %(moment)s: what is not critical waits.")
        return f"{text} {now % {'moment': moment}}"

    @admin.display(description=gettext_lazy("last error"))
    def failure(self, channel: NotificationChannel) -> str:
        """Return what went wrong last, and when; nothing since it works."""
        if not channel.last_error or channel.last_error_at is None:
            return "—"
        at = notice_texts.moment(channel.last_error_at, timezone.get_current_timezone_name())
        return f"{words_of(channel.last_error)} {at}"

    @admin.display(description=gettext_lazy("messages"))
    def messages_link(self, channel: NotificationChannel) -> str:
        """Return a link to what was sent and what waits."""
        page = reverse("admin:platforms_delivery_changelist")
        link = '<a class="font-medium text-primary-700 dark:text-primary-400" href="{}">{}</a>'
        return format_html(
            link, f"{page}?of_channel={channel.pk}", _("What was sent and what waits")
        )


def _state(channel: NotificationChannel) -> tuple[str, str]:
    if not channel.enabled:
        return ("off" if channel.disabled_reason else "switched"), _("switched off")
    if channel.last_error:
        return "fails", _("fails")
    return ("works", _("works")) if channel.last_sent_at else ("new", _("not used yet"))
