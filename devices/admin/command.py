"""Commands: the list, and the life of one of them, which updates itself until it is over."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices import phones, story
from devices.models import Command
from devices.offers import danger_words, title_of
from devices.states import State
from devices.templates import Danger
from platforms.admin.filters import PlatformFilter, SpanFilter, several_platforms

from .bulk_pages import BulkPages
from .command_deeds import CommandDeeds
from .command_filters import DangerFilter, GiverFilter, SocketFilter, StateFilter
from .conversation import ConversationPages

STATES = {state.value: story.colour_of(state.value) for state in State}
DANGERS = {
    Danger.NONE.value: "",
    Danger.POWER.value: "warning",
    Danger.CONFIG.value: "info",
    Danger.DESTRUCTIVE.value: "danger",
}


@admin.register(Command)
class CommandAdmin(CommandDeeds, ConversationPages, BulkPages):
    """Members see the commands of their platforms; nobody changes them."""

    list_filter = (
        StateFilter,
        PlatformFilter,
        SocketFilter,
        DangerFilter,
        GiverFilter,
        ("created_at", SpanFilter),
    )
    list_filter_submit = True
    list_select_related = ("platform", "device", "template")
    list_display_links = ("what",)
    ordering = ("-pk",)
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["what", "standing", "socket", "message", "sms", "harm", "giver", "when"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Count the SMS of each sequence beside its first message."""
        # unscoped: what follows a row that for_user reached
        followers = Command.objects.filter(head=OuterRef("pk")).order_by().values("head")
        following = Subquery(followers.annotate(sum=Sum("segments")).values("sum"))
        rows: models.QuerySet[Any] = super().get_queryset(request)
        counted: models.QuerySet[Any] = rows.annotate(cost=F("segments") + Coalesce(following, 0))
        return counted

    @admin.display(description=gettext_lazy("command"), ordering="pk")
    def what(self, command: Command) -> str:
        """Return what people call it."""
        return title_of(command)

    @display(description=gettext_lazy("state"), label=STATES)
    def standing(self, command: Command) -> tuple[str, str]:
        """Return its state as a coloured label."""
        return command.state, command.get_state_display()

    @admin.display(description=gettext_lazy("socket"))
    def socket(self, command: Command) -> str:
        """Return the name of the socket."""
        return command.device.name

    @admin.display(description=gettext_lazy("text"))
    def message(self, command: Command) -> str:
        """Return the text, less what could be a phone number: a list is read by everybody."""
        return phones.masked_within(command.text)

    @admin.display(description=gettext_lazy("SMS"))
    def sms(self, command: Any) -> str:
        """Return what its whole sequence costs; what follows is counted with the first one."""
        return str(command.cost) if command.head_id is None else "–"

    @display(description=gettext_lazy("danger"), label=DANGERS)
    def harm(self, command: Command) -> tuple[str, str]:
        """Return how much harm it may do."""
        return command.danger, danger_words(command.danger)

    @admin.display(description=gettext_lazy("given by"))
    def giver(self, command: Command) -> str:
        """Return the person or the job."""
        return command.author_name

    @admin.display(description=gettext_lazy("given"), ordering="pk")
    def when(self, command: Command) -> str:
        """Return the moment to the second."""
        at = localtime(command.created_at)
        return f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M:%S}"
