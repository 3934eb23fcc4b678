"""What the gateway's own log and the rows say of each other once everything is quiet."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from devices.models import BudgetPeriod, Command, CommandLine, CommandStep
from devices.pace import COOLDOWN
from devices.states import Effect, Event, State

SAID_SENT = {"accepted", "verified", "ineffective"}
SAID_UNSENT = {"failed", "cancelled", "expired", "not_sent"}
OFF, ON = "#02#", "#01#"  # of the lab's sockets, before the number of the line
SLACK = timedelta(seconds=5)  # between the intent, which begins a cooldown, and the wire


def check(
    log: Path, given: Collection[str], believed: Collection[str] = frozenset()
) -> dict[str, Any]:
    """Return counts; all but sends, commands, interrupted and unknown have to be 0.

    `believed`: commands that may say sent and never were, since all that is seen speaks for it.
    """
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    sends = Counter(line["key"] for line in lines)
    commands = {str(each.key): each for each in Command.objects.select_related("device")}
    heads = {key for key, each in commands.items() if each.head_id is None}
    owed = {key for key, each in commands.items() if each.owed}
    return {
        "commands": len(commands),
        "sends": len(lines),
        "duplicates": sum(n - 1 for key, n in sends.items() if n > 1 and key not in owed),
        "unasked": sum(key not in commands for key in sends),
        # A wish that was granted and has no row, or a row that says sent and never was.
        "silently_lost": len(set(given) - heads)
        + sum(
            each.state in SAID_SENT and not sends[key] and key not in believed
            for key, each in commands.items()
        ),
        "silently_sent": sum(
            each.state in SAID_UNSENT and bool(sends[key]) for key, each in commands.items()
        ),
        "stuck": sum(not each.closed for each in commands.values())
        + CommandLine.objects.filter(closed=False).count(),
        "too_soon": _too_soon(lines, commands),
        "left_off": _left_off(lines, commands),
        "interrupted": _interrupted(),
        "unpaid": _unpaid(len(lines)),
        "unknown": sum(each.state == "unresolved" for each in commands.values()),
    }


def _too_soon(lines: list[dict[str, str]], commands: dict[str, Command]) -> int:
    """Count power commands that came to a line before its cooldown was over."""
    last: dict[int, datetime] = {}
    soon = 0
    for line in sorted(lines, key=lambda each: each["at"]):
        command, at = commands[line["key"]], datetime.fromisoformat(line["at"])
        for held in command.lines.filter(holds=True):
            before = last.get(held.line_id)
            soon += before is not None and at < before + COOLDOWN - SLACK
            last[held.line_id] = at
    return soon


def _left_off(lines: list[dict[str, str]], commands: dict[str, Command]) -> int:
    """Count sequences of which an `off` arrived and no `on` of the same line after it.

    Whatever stands between them; by the texts on the wire alone, not by what rows say of them.
    """
    times: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        times[line["key"]].append(line["at"])
    sequences: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for key, command in commands.items():
        sequences[command.head_id or command.pk] += [(at, command.text) for at in times[key]]
    return sum(
        any(
            text.startswith(OFF)
            and not any(on == ON + text.removeprefix(OFF) and late > at for late, on in sent)
            for at, text in sent
        )
        for sent in sequences.values()
    )


def _interrupted() -> int:
    """Count sequences whose worker died after the `off` may have gone out, and before the end."""
    died = CommandStep.objects.filter(event=Event.LEASE_OVER.value)
    of_off = died.filter(command__effect=Effect.OFF.value, state=State.UNKNOWN.value)
    later = died.filter(command__head__isnull=False)
    heads = {*of_off.values_list("command", flat=True)}
    return len(heads | {*later.values_list("command__head", flat=True)})


def _unpaid(sends: int) -> int:
    """Count messages that the ledger does not know; it may know more, of doubts."""
    rows = BudgetPeriod.objects.filter(span="day").values_list("used", "reserved", "beyond")
    paid: int = sum(used + beyond for used, _reserved, beyond in rows)
    kept: int = sum(reserved for _used, reserved, _beyond in rows)
    return max(sends - paid, 0) + kept
