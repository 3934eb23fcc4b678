"""``/exporter-macs/bulk``: many addresses at once, each with its own outcome.

A bad line never costs a good one; the answer has a line for every line of the request.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, ClassVar

from django.utils.translation import gettext as _, gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exporters import enrolment, macs
from exporters.enrolment_plan import limit_message
from exporters.entries import Entry
from exporters.models import Exporter
from platforms.api import ApiView, JsonLines, Strict
from platforms.authentication import actor_of

from .exporter_macs import TakingMacsField
from .fields import read_address

SHOWN = 80  # characters of a wrong line that the answer repeats
KNOWN = frozenset({"mac", "name", "ip", "outip"})
TEXT_OR_NULL = {"type": "string", "nullable": True}


class Outcome(StrEnum):
    """What became of a line."""

    ADDED = "added"
    ALREADY_THERE = "already_there"
    REPEATED = "repeated"
    INVALID = "invalid"
    OVER_LIMIT = "over_limit"
    REMOVED = "removed"
    ABSENT = "absent"


OUTCOMES = [(each.value, each.value) for each in Outcome]


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "oneOf": [
                {"type": "string", "description": "A MAC."},
                {
                    "type": "object",
                    "required": ["mac"],
                    "properties": {
                        "mac": {"type": "string"},
                        "name": {"type": "string"},
                        "ip": TEXT_OR_NULL,
                        "outip": TEXT_OR_NULL,
                    },
                },
            ]
        },
    }
)
class LinesField(serializers.Field[Any, Any, Any, Any]):
    """A list whose lines are judged one by one, later."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "no_list": gettext_lazy("A list of MACs is needed here.")
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the list as it came."""
        if not isinstance(data, list):
            self.fail("no_list")
        return list(data)


class BulkBody(Strict):
    """Many addresses of one exporter."""

    exporter_id = TakingMacsField()
    macs = LinesField()


class BulkLine(serializers.Serializer[Any]):
    """What became of one line."""

    line = serializers.IntegerField(help_text="Counted from 1.")
    mac = serializers.CharField(help_text="The normal form; of an invalid line what was typed.")
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    message = serializers.CharField(help_text="Why, where there is something to say; else empty.")


class BulkAnswer(serializers.Serializer[Any]):
    """How many lines had which outcome, and every line's."""

    exporter_id = serializers.IntegerField()
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Outcome to number of lines."
    )
    lines = BulkLine(many=True)


class Judged:
    """The lines of a request with their outcomes, as far as they are known."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.macs: list[str] = [""] * len(items)
        self.outcomes: list[Outcome | None] = [None] * len(items)
        self.messages: list[str] = [""] * len(items)
        self._items = items

    def entries(self) -> Iterator[Entry]:
        """Yield the good lines, each address once; note the others' outcome."""
        first: dict[str, int] = {}
        for at, item in enumerate(self._items):
            try:
                entry, self.messages[at] = _read(at + 1, item)
            except ValueError as error:
                self.macs[at] = _shown(item)
                self.settle(at + 1, Outcome.INVALID, str(error))
                continue
            self.macs[at] = entry.mac
            if entry.mac in first:
                self.settle(at + 1, Outcome.REPEATED, _("As line %d.") % first[entry.mac])
                continue
            first[entry.mac] = at + 1
            yield entry

    def settle(self, line: int, outcome: Outcome, message: str | None = None) -> None:
        """Note what became of a line."""
        self.outcomes[line - 1] = outcome
        if message is not None:
            self.messages[line - 1] = message

    def answer(self, exporter: Exporter) -> Response:
        """Return the counts and every line."""
        lines = zip(self.macs, self.outcomes, self.messages, strict=True)
        return Response(
            {
                "exporter_id": exporter.pk,
                "counts": Counter(self.outcomes),
                "lines": [
                    {"line": number, "mac": mac, "outcome": outcome, "message": message}
                    for number, (mac, outcome, message) in enumerate(lines, start=1)
                ],
            }
        )


class ExporterMacsBulk(ApiView):
    """Many addresses at once."""

    parser_classes = (JsonLines,)
    delete_body = BulkBody  # for the schema, which knows none of DELETE by itself

    @extend_schema(request=BulkBody, responses={200: BulkAnswer}, summary="Add many addresses")
    def post(self, request: Request) -> Response:
        """Add the good lines that are new, as many as the platform has room for."""
        exporter, judged = self._read(request)
        result = enrolment.enrol(exporter, judged.entries(), actor_of(request))
        for entry in result.added:
            judged.settle(entry.line, Outcome.ADDED)
        for entry in result.already:
            judged.settle(entry.line, Outcome.ALREADY_THERE)
        if result.over_limit:
            message = limit_message(result.limit)
            for entry in result.over_limit:
                judged.settle(entry.line, Outcome.OVER_LIMIT, message)
        return judged.answer(exporter)

    @extend_schema(request=BulkBody, responses={200: BulkAnswer}, summary="Remove many addresses")
    def delete(self, request: Request) -> Response:
        """Remove the addresses that are there; their players retire."""
        exporter, judged = self._read(request)
        lines = {entry.mac: entry.line for entry in judged.entries()}
        result = enrolment.withdraw(exporter, lines, actor_of(request))
        for mac in result.removed:
            judged.settle(lines[mac], Outcome.REMOVED)
        for mac in result.absent:
            judged.settle(lines[mac], Outcome.ABSENT)
        return judged.answer(exporter)

    @staticmethod
    def _read(request: Request) -> tuple[Exporter, Judged]:
        body = BulkBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        return body.validated_data["exporter_id"], Judged(body.validated_data["macs"])


def _read(line: int, item: Any) -> tuple[Entry, str]:
    """Return a line's entry, and what was changed of its name; raise ValueError with the reason."""
    values = {"mac": item} if isinstance(item, str) else item
    if not isinstance(values, dict) or not isinstance(values.get("mac"), str):
        raise ValueError(_("A MAC is needed, or an object with one."))  # noqa: TRY004
    unknown = [key for key in values if key not in KNOWN]
    if unknown:
        raise ValueError(_("This is not known here: %s.") % _shown(unknown[0]))
    details = {key: values.get(key) or "" for key in ("name", "ip", "outip")}
    wrong = [key for key, value in details.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(_("%s has to be a text.") % wrong[0])
    mac = macs.normalise(values["mac"])
    name, changed = macs.clean_name(details["name"])
    try:
        ip, outip = read_address(details["ip"]), read_address(details["outip"])
    except ValueError as error:
        raise ValueError(_("This is no IP address.")) from error
    return Entry(line, mac, name, ip, outip), str(changed) if changed else ""


def _shown(item: Any) -> str:
    """Return the beginning of what was typed, printable, without building all of its text."""
    typed = item.get("mac", "") if isinstance(item, dict) else item
    text = typed[:SHOWN] if isinstance(typed, str) else type(typed).__name__
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)
