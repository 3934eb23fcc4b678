"""A second opinion on the life of a command: a dictionary and plain conditions, written apart.

It shares no code and no table with devices.moves; times are whole seconds.
"""

from typing import Any

NEVER = 10**9
LEASE, FRESH, WINDOW, REPLY, EVIDENCE, TRIES = 60, 3, 135, 600, 1200, 3

Row = dict[str, Any]
HARMLESS = ("on", "query")
AT_WORK = ("postpone", "refuse", "intend", "stale", "accept", "reject", "lose")


def new(effect: str, watched: bool, owed: bool, not_before: int, expires: int | None) -> Row:
    return {
        "effect": effect, "watched": watched, "owed": owed, "not_before": not_before,
        "expires": expires, "state": "queued", "closed": False, "fence": 0, "tries": 0,
        "resent": False, "lease": None, "wire": None,
    }  # fmt: skip


def happen(row: Row, event: str, now: int, fence: int | None, yes: bool, never: bool) -> int | None:
    """Change the row; return what the budget pays (1), gets back (-1), keeps (0); None: refused."""
    allowed = (row["fence"],) if event in AT_WORK else (row["fence"], None)
    if row["closed"] or fence not in allowed:
        return None
    state = row["state"]
    expired = now >= (row["expires"] or NEVER) and not row["owed"]
    if event == "claim":
        if state != "queued" or now < row["not_before"] or expired:
            return None
        row.update(state="claimed", fence=row["fence"] + 1, lease=now + LEASE)
        return 0
    if event == "lease_over":
        if now < (row["lease"] or NEVER):
            return None
        row.update(state="queued" if state == "claimed" else "unknown", lease=None)
        return 0
    if event == "intend":
        if state != "claimed" or now >= row["lease"] or expired:
            return None
        row.update(state="sending", wire=now, tries=row["tries"] + 1)
        return 1
    if event in AT_WORK:
        return at_work(row, event, now)
    if state == "unknown":
        return in_doubt(row, event, now, yes)
    return afterwards(row, event, now, never)


def at_work(row: Row, event: str, now: int) -> int | None:
    state = row["state"]
    if state == "claimed" and event == "postpone":
        row.update(state="queued", lease=None)
        return 0
    if state == "claimed" and event == "refuse" and not row["owed"]:
        row.update(state="cancelled", closed=True, lease=None)
        return 0
    if state != "sending":
        return None
    if event in ("accept", "lose"):
        row.update(state="accepted" if event == "accept" else "unknown", lease=None)
        return 0
    if event == "reject" or (event == "stale" and now > row["wire"] + FRESH):
        row.update(state="rejected", lease=None)
        if not row["resent"]:
            row["wire"] = None
        return -1
    return None


def in_doubt(row: Row, event: str, now: int, yes: bool) -> int | None:
    if event == "found_sent":
        row.update(state="accepted")
        return 0
    if event == "resend" and row["effect"] in HARMLESS and may_try(row):
        row.update(state="queued", resent=True)
        return 0
    if event == "found_not_sent":
        return end(row, "not_sent")
    late = now >= row["wire"] + WINDOW
    if late and (event == "window_over" or (event == "retry" and yes)):
        return end(row, "unresolved")
    return None


def afterwards(row: Row, event: str, now: int, never: bool) -> int | None:
    state, owed = row["state"], row["owed"]
    unsent = state in ("queued", "rejected")
    if state == "rejected" and event == "requeue" and may_try(row):
        row.update(state="queued")
        return 0
    if state == "accepted" and row["watched"] and event in ("verify", "refute"):
        return end(row, "verified" if event == "verify" else "ineffective")
    if state == "accepted" and not row["watched"] and event == "reply_over":
        return end(row, "accepted") if now >= row["wire"] + REPLY else None
    if state == "accepted" and row["watched"] and event == "evidence_over":
        return end(row, "accepted") if now >= row["wire"] + EVIDENCE else None
    if owed:
        return None
    if event == "cancel" and (unsent or state == "claimed"):
        return end(row, "cancelled")
    if event == "expire" and unsent and row["expires"] is not None and now >= row["expires"]:
        return end(row, "expired")
    if event == "give_up" and state == "rejected" and (never or row["tries"] >= TRIES):
        return end(row, "failed")
    return None


def may_try(row: Row) -> bool:
    return bool(row["owed"] or row["tries"] < TRIES)


def end(row: Row, state: str) -> int:
    row.update(state=state, closed=True, lease=None)
    return 0
