"""A person's question to a vendor: how often, what is recorded of it, and what its page shows.

Whether the person may ask at all was decided by the page, by the row's own platform.
"""

import threading
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from exporters import inquiry
from exporters.models import Exporter, Player
from exporters.verdicts import State
from platforms import audit, throttle
from platforms.audit import Action, Actor
from platforms.roles import Deed
from platforms.scoped_fields import person_of

TOO_OFTEN = 429
BUSY = 503
# Each holds a thread of the web server for as long as a vendor likes, 15 s at most: of 8 threads
# the others stay for pages, whoever asks about a vendor that hangs, and however often.
AT_ONCE = threading.BoundedSemaphore(3)


def ask(
    request: HttpRequest, exporter: Exporter, identity: str = "", player: Player | None = None
) -> dict[str, Any]:
    """Ask once and return what the template of the answer needs; or say why nothing was asked.

    A vendor is asked too where polling is off, once: whoever thinks of switching it on wants to
    know. Of a platform that is off, superadmins alone reach the pages.
    """
    person = person_of(request)
    owns = person.may(Deed.OWN)
    shown: dict[str, Any] = {"exporter": exporter, "of_list": not identity, "shows_raw": owns}
    if throttle.question_is_throttled(person.pk):
        text = _("You asked vendors too often just now. Wait two minutes, then ask again.")
        return {**shown, "refusal": text, "status": TOO_OFTEN}
    if not AT_ONCE.acquire(blocking=False):
        text = _("Other questions to vendors are under way. Ask again in a moment.")
        return {**shown, "refusal": text, "status": BUSY}
    try:
        found = _asked(request, exporter, identity, player)
    finally:
        AT_ONCE.release()
    states = [(state, state.label, found.states.get(state.value, 0)) for state in State]
    return {**shown, "inquiry": found, "states": states}


def _asked(
    request: HttpRequest, exporter: Exporter, identity: str, player: Player | None
) -> inquiry.Inquiry:
    audit.record(
        Actor.of_request(request),
        Action.ASKED_VENDOR,
        player or (exporter if exporter.pk else str(_("a new exporter"))),
        platform_id=exporter.platform_id,
        after={"kind": exporter.kind, **({"identity": identity} if identity else {})},
    )
    return inquiry.ask(exporter, identity, player.name if player is not None else "")


def fragment(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    """Render the answer alone, for the script that puts it into the page."""
    answer = render(
        request, "admin/exporters/exporter/answer.html", shown, status=shown.get("status", 200)
    )
    answer.headers["X-Remosa-Live"] = "1"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether a script asks, which keeps the page."""
    return "X-Remosa-Fragment" in request.headers
