"""Approvals: what jobs propose, with its evidence; approve or decline it, one by one or many."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from devices import phones
from devices.admin import reach
from devices.admin.reach import sender_of
from devices.models import Binding
from devices.senders import Sender
from devices.templates import Danger
from exporters.models import Player
from exporters.templatetags.devices import length
from jobs import approvals, criterion_words, gate_words
from jobs.approvals import NotDecided
from jobs.forms_of_decisions import CommentForm
from jobs.models import JobExecution
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.admin.filters import several_platforms
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

ON_A_PAGE: Final = 25
MOST_BESIDE: Final = 5

Say = Callable[..., None]
_SAYS: Final[Mapping[str, Say]] = {
    "approve": approvals.approve,
    "decline": approvals.decline,
}


class ApprovalPages(ConfirmedDeedsAdmin, ReadOnlyAdmin):
    """The page of what waits for a word, and the two deeds on one of them."""

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one execution, which takes any word."""
        wrap = self.admin_site.admin_view
        one = "<path:object_id>/"
        return [
            path("approvals/", wrap(self.approvals), name="jobs_jobexecution_approvals"),
            path(f"{one}approve/", wrap(self.approve), name="jobs_jobexecution_approve"),
            path(f"{one}decline/", wrap(self.decline), name="jobs_jobexecution_decline"),
            *super().get_urls(),
        ]

    # -- many -----------------------------------------------------------------------------------

    def approvals(self, request: HttpRequest) -> HttpResponse:
        """List what is proposed and not too late; on POST decide what was chosen."""
        person, now = person_of(request), timezone.now()
        if not person.may(Deed.SEE):
            raise PermissionDenied
        form = CommentForm(request.POST if request.method == "POST" else None)
        say = _SAYS.get(request.POST.get("decide", ""))
        if say is not None and form.is_valid():
            self._decide_many(request, say, form.cleaned_data["comment"])
            return redirect("admin:jobs_jobexecution_approvals")
        rows: Any = JobExecution.objects.for_user(person, Deed.SEE).waiting()
        rows = rows.filter(expires_at__gt=now).order_by("expires_at", "pk")
        rows = rows.select_related("episode", "job", "player", "device", "platform")
        page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("p"))
        shown = list(page.object_list)
        decidable = _decidable(sender_of(request), shown)
        beside = _beside(request, shown)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Approvals"),
            "page": page,
            "rows": [_row(request, each, decidable, beside, now) for each in shown],
            "may": bool(decidable),
            "form": form,
            "several": several_platforms(request),
        }
        return TemplateResponse(request, "admin/jobs/jobexecution/approvals.html", context)

    def _decide_many(self, request: HttpRequest, say: Say, comment: str) -> None:
        """Say the same of each that was chosen; whoever was quicker is not overruled."""
        rows: Any = JobExecution.objects.for_user(person_of(request), Deed.SEE)
        chosen = reach.numbers(request.POST.getlist("chosen"))[:ON_A_PAGE]
        rows = rows.filter(pk__in=chosen).select_related("device__platform", "player")
        done, refused = 0, []
        for each in rows.order_by("pk"):
            try:
                say(each, sender_of(request), timezone.now(), comment)
                done += 1
            except NotDecided as error:
                refused.append(f"{each.player}: {error}")
        if done and say is approvals.approve:
            text = ngettext("%(count)d action approved.", "%(count)d actions approved.", done)
            messages.success(request, text % {"count": done})
        elif done:
            text = ngettext("%(count)d action declined.", "%(count)d actions declined.", done)
            messages.success(request, text % {"count": done})
        for text in refused:
            messages.warning(request, text)
        if not done and not refused:
            messages.warning(request, _("Choose what you decide about."))

    # -- one ------------------------------------------------------------------------------------

    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a proposed action be done."""
        return self._decide(
            request,
            object_id,
            approvals.approve,
            title=_("Approve this action?"),
            text=_("The job acts at its next turn, if every gate is still open then."),
            button=_("Approve"),
            danger=False,
        )

    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse a proposed action."""
        return self._decide(
            request,
            object_id,
            approvals.decline,
            title=_("Decline this action?"),
            text=_("Nothing is sent. The job asks again after its cooldown at the earliest."),
            button=_("Decline"),
            danger=False,
        )

    def _decide(self, request: HttpRequest, object_id: str, say: Say, **texts: Any) -> HttpResponse:
        execution = self.row_or_404(request, object_id)
        sender = sender_of(request)
        if not approvals.may(sender, execution.platform_id, execution.device):
            raise PermissionDenied
        form = CommentForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                say(execution, sender, timezone.now(), form.cleaned_data["comment"])
                messages.success(request, _("Decided."))
            except NotDecided as refused:
                messages.warning(request, str(refused))
            return self.back_to(execution)
        texts["text"] = f"{execution.player} · {execution.job}. {texts['text']}"
        return self.ask(request, execution, form=form, **texts)


def _decidable(sender: Sender, rows: Collection[JobExecution]) -> frozenset[int]:
    """Return the ids of those about which somebody has a say: a fixed number of queries."""
    person = sender.user
    if person is None:
        return frozenset()
    open_to = {each for each in {row.platform_id for row in rows} if person.may(Deed.SEND, each)}
    devices = [row.device for row in rows if row.device is not None]
    own = sender.among(Danger.POWER, devices)
    return frozenset(row.pk for row in rows if row.platform_id in open_to or row.device_id in own)


def _beside(request: HttpRequest, rows: Sequence[JobExecution]) -> dict[int, list[Player]]:
    """Return who hangs on the sockets of some attempts, by socket: one query."""
    found: dict[int, list[Player]] = defaultdict(list)
    bound = Binding.objects.for_user(person_of(request)).filter(ended_at=None)
    bound = bound.filter(line__device__in={row.device_id for row in rows if row.device_id})
    for binding in bound.select_related("player", "line").order_by("line__number", "pk"):
        found[binding.line.device_id].append(binding.player)
    return found


def _row(
    request: HttpRequest,
    each: JobExecution,
    decidable: frozenset[int],
    beside: dict[int, list[Player]],
    now: Any,
) -> dict[str, Any]:
    """Return what stands in one row."""
    others = [who for who in beside.get(each.device_id or 0, []) if who.pk != each.player_id]
    reads = person_of(request).may(Deed.PHONES, each.platform_id)
    said = next((gate for gate in each.gates if gate.get("gate") == "beside"), None)
    return {
        "execution": each,
        "condition": criterion_words.condition(each.condition),
        "value": criterion_words.value(each.condition, each.value),
        "sent": each.sent if reads else phones.masked_within(each.sent),
        "others": others[:MOST_BESIDE],
        "more": max(0, len(others) - MOST_BESIDE),
        "beside": gate_words.told("beside", said["detail"]).text if said and others else "",
        "left": length(each.expires_at - now) if each.expires_at is not None else "",
        "bad_for": length(max(now - each.episode.opened_at, now - now)),
        "decidable": each.pk in decidable,
        "chosen": str(each.pk) in request.POST.getlist("chosen"),
    }
