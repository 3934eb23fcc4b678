"""Commands: one SMS each, from the wish to what became of it. The row is the queue."""

from dataclasses import fields
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from devices import moves
from devices.gateways.shape import Fate
from devices.states import Effect, Event, State
from devices.templates import Danger
from platforms.guards import Rule
from platforms.scoping import ScopedQuerySet, TenantModel
from platforms.secrets import EncryptedField, SecretRow

from .device import Device, DeviceLine
from .device_model import CommandTemplate
from .gateway import SmsGateway

_STATES = {state.value: state for state in State}
MOVED = tuple(field.name for field in fields(moves.Command))


class CommandQuerySet(ScopedQuerySet):
    """Commands by where they stand."""

    def open(self) -> "CommandQuerySet":
        """Keep those that are not over."""
        return self.filter(closed=False)

    def sequence_of(self, command: "Command") -> "CommandQuerySet":
        """Keep all messages of a command's sequence, in their order."""
        head = command.head_id or command.pk
        return self.filter(Q(pk=head) | Q(head=head)).order_by("pk")

    def with_company(self) -> "CommandQuerySet":
        """Read along whether there are lines that each holds, and messages behind it."""
        held = CommandLine.objects.filter(command=OuterRef("pk"), holds=True)
        behind = Command.objects.filter(Q(head=OuterRef("pk")) | Q(previous=OuterRef("pk")))
        rows: CommandQuerySet = self.annotate(
            holds_lines=Exists(held), is_followed=Exists(behind.order_by())
        )
        return rows

    def under_way(self) -> "CommandQuerySet":
        """Keep those that a worker holds."""
        return self.open().filter(state__in=(State.CLAIMED.value, State.SENDING.value))

    def locked(self, pk: int) -> "Command":
        """Return the row locked until the transaction ends; on SQLite the transaction is that."""
        command: Command = self.select_for_update(of=("self",)).select_related("device").get(pk=pk)
        return command


class Command(SecretRow, TenantModel):
    """One SMS to a socket, with everything it needs as it was when it was asked for.

    ``text`` is what pages show; where that hides a secret, ``secret_text`` is what goes out.
    ``head`` and ``previous`` join the messages of a sequence. ``kept_segments`` are those that the
    ledger reserves for it; ``budget_day`` is the day, of the platform, that pays or paid.
    """

    key = models.UUIDField(unique=True, editable=False)
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, related_name="commands", verbose_name=_("socket")
    )
    gateway = models.ForeignKey(
        SmsGateway, on_delete=models.PROTECT, related_name="+", verbose_name=_("gateway")
    )
    template = models.ForeignKey(
        CommandTemplate,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("template"),
    )
    template_key = models.CharField(_("command"), max_length=63)
    model_key = models.CharField(_("model"), max_length=63)
    phone = models.CharField(_("phone"), max_length=16)
    text = models.CharField(_("text"), max_length=480)
    secret_text = EncryptedField(blank=True, default="", editable=False)
    parameters = models.JSONField(_("parameters"), default=dict)
    segments = models.PositiveSmallIntegerField(_("SMS"))
    danger = models.CharField(_("danger"), max_length=16, choices=[(e, e) for e in Danger])
    head = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="followers", editable=False
    )
    previous = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="next", editable=False
    )
    after = models.PositiveSmallIntegerField(_("seconds after the one before"), default=0)

    effect = models.CharField(_("effect"), max_length=16, choices=[(e, e) for e in Effect])
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=[(e.value, e.label) for e in State],
        default=State.QUEUED.value,
    )
    closed = models.BooleanField(_("over"), default=False)
    fence = models.PositiveIntegerField(default=0, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    watched = models.BooleanField(default=False, editable=False)
    resent = models.BooleanField(default=False, editable=False)
    owed = models.BooleanField(_("owed"), default=False)
    not_before = models.DateTimeField(_("not before"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    lease_until = models.DateTimeField(null=True, editable=False)
    wire_at = models.DateTimeField(_("sent at"), null=True)

    kept_segments = models.PositiveSmallIntegerField(default=0, editable=False)
    budget_day = models.DateField(null=True, editable=False)
    overdrawn = models.BooleanField(default=False, editable=False)
    gateway_reference = models.CharField(max_length=128, blank=True, editable=False)
    #: What the gateway said of it later, by a report or when asked, and since when it says so.
    fate = models.CharField(
        _("the gateway says"),
        max_length=16,
        blank=True,
        choices=[(e.value, e.label) for e in Fate],
        editable=False,
    )
    fate_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    replied_at = models.DateTimeField(_("replied"), null=True)
    by_job = models.BooleanField(default=False, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    author_name = models.CharField(_("author"), max_length=254)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    #: Its key was used before, for the same wish: this is what was given then. No column.
    repeated = False
    #: Whether it has lines to hold and messages behind it, which never changes; where
    #: `with_company` did not read it, what has none is looked for. No columns.
    holds_lines, is_followed = True, True

    objects: ClassVar = CommandQuerySet.as_manager()

    #: What holds whoever writes; `sending` is the state of a committed intent.
    rules: ClassVar = (
        Rule(
            "BEFORE UPDATE OF state",
            "NEW.state = 'sending' AND OLD.state <> 'sending' AND EXISTS ("
            "SELECT 1 FROM devices_commandline mine JOIN devices_commandline other "
            "ON other.line_id = mine.line_id AND other.command_id <> mine.command_id "
            "WHERE mine.command_id = NEW.id AND mine.holds "
            "AND other.holds AND other.cooldown_until > NEW.wire_at)",
            "the line is cooling down",
        ),
        Rule(
            "BEFORE UPDATE OF state",
            "OLD.state = 'unknown' AND NEW.state IN ('queued', 'claimed', 'sending') "
            "AND NEW.effect NOT IN ('on', 'query')",
            "what may have been sent is never sent again",
        ),
        Rule(
            "BEFORE UPDATE OF state, closed",
            "OLD.closed AND (NEW.state <> OLD.state OR NOT NEW.closed)",
            "a command that is over stays over",
        ),
        Rule(
            "BEFORE UPDATE OF key, phone, text, effect, device_id",
            "NEW.key <> OLD.key OR NEW.phone <> OLD.phone OR NEW.text <> OLD.text "
            "OR NEW.effect <> OLD.effect OR NEW.device_id <> OLD.device_id",
            "what a command says to whom never changes",
        ),
    )

    class Meta:
        verbose_name = _("command")
        verbose_name_plural = _("commands")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(owed=False) | Q(effect=Effect.ON), name="only_on_is_owed"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SENDING.value)
                | Q(wire_at__isnull=False, lease_until__isnull=False),
                name="sending_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(head=None, previous=None)
                | Q(head__isnull=False, previous__isnull=False),
                name="follower_has_its_head",
            ),
            models.CheckConstraint(condition=~Q(previous=F("id")), name="follower_of_another"),
        )
        indexes = (
            models.Index(fields=("state", "id"), name="command_queue", condition=Q(closed=False)),
            models.Index(
                fields=("state", "id"),
                name="command_owed",
                condition=Q(closed=False, owed=True),
            ),
            models.Index(fields=("platform", "-id"), name="command_page"),
            models.Index(fields=("device", "-id"), name="command_by_device"),
            models.Index(
                fields=("gateway", "wire_at"),
                name="sent_by_gateway",
                condition=Q(wire_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.template_key} → {self.device}"

    def as_moved(self) -> moves.Command:
        """Return what moves are decided on."""
        values = {name: getattr(self, name) for name in MOVED}
        return moves.Command(**{**values, "state": self.standing, "effect": Effect(self.effect)})

    @property
    def standing(self) -> State:
        """Return the state as moves know it."""
        return _STATES[self.state]

    @property
    def wait(self) -> timedelta:
        """Return how long after the message before it this one follows."""
        return timedelta(seconds=self.after)

    def wire_text(self) -> str:
        """Return what goes out; it may hold a secret: never log it."""
        return self.secret_text.reveal() or self.text


class CommandLine(TenantModel):
    """A line that a command switches. The row of its head holds the line until all is over."""

    command = models.ForeignKey(
        Command, on_delete=models.CASCADE, related_name="lines", editable=False
    )
    line = models.ForeignKey(
        DeviceLine, on_delete=models.PROTECT, related_name="commands", editable=False
    )
    #: Switches off, be it for a moment: one at a time, and a pause between two. `on` never waits.
    holds = models.BooleanField(editable=False)
    closed = models.BooleanField(default=False, editable=False)
    cooldown_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("line of a command")
        verbose_name_plural = _("lines of commands")
        constraints = (
            models.UniqueConstraint(fields=("command", "line"), name="command_line_once"),
            models.UniqueConstraint(
                fields=("line",),
                condition=Q(closed=False, holds=True),
                name="one_power_command_a_line",
            ),
        )
        indexes = (
            models.Index(
                fields=("line", "cooldown_until"),
                name="cooldown_of_line",
                condition=Q(cooldown_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.command} · {self.line}"


class CommandStep(TenantModel):
    """One move of a command: when, by what event, to which state, and why."""

    command = models.ForeignKey(
        Command, on_delete=models.CASCADE, related_name="steps", editable=False
    )
    at = models.DateTimeField(_("when"))
    event = models.CharField(
        _("what"), max_length=16, choices=[(e.value, e.label) for e in Event], blank=True
    )
    state = models.CharField(_("state"), max_length=16, choices=[(e.value, e.label) for e in State])
    fence = models.PositiveIntegerField(default=0, editable=False)
    reason = models.CharField(_("reason"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("step of a command")
        verbose_name_plural = _("steps of commands")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.command} · {self.state}"
