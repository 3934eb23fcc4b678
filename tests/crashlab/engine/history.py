"""What the database itself writes down of ticks, and the runs of evaluation, one line each.

Triggers of the lab's own: a row for each slot to which a clock was moved, and for each slot that
somebody took. The product knows nothing of them.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from django.db import connection

from jobs import evaluation

from .clock import SharedClock

_SQL = """
CREATE TABLE lab_history (what text NOT NULL, who bigint NOT NULL, slot bigint NOT NULL);
CREATE FUNCTION lab_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lab_history VALUES (TG_ARGV[0], NEW.id, NEW.slot);
    RETURN NULL;
END $$;
CREATE TRIGGER lab_clocks AFTER UPDATE ON jobs_clock FOR EACH ROW
    EXECUTE FUNCTION lab_note('clock');
CREATE TRIGGER lab_engine AFTER UPDATE OF ticks ON jobs_engine FOR EACH ROW
    WHEN (NEW.ticks <> OLD.ticks) EXECUTE FUNCTION lab_note('engine');
"""


def install() -> None:
    """Put the triggers into the database."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL)


def note_runs(log: Path, clock: SharedClock) -> None:
    """Write down each run of evaluation of this process and of those that it forks."""
    run = evaluation._Evaluation.run
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def noted(self: Any) -> None:
        os.write(file, f"{self._tick.slot} {os.getpid()}\n".encode())
        run(self)
        clock.note_evaluation()

    evaluation._Evaluation.run = noted  # type: ignore[method-assign]


def ticks(log: Path) -> dict[str, int]:
    """Return how many slots were evaluated, and how much of that was done twice."""
    lines = log.read_text().splitlines() if log.exists() else []
    runs = Counter(int(line.split()[0]) for line in lines)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n - 1), 0), count(*) FROM"
            " (SELECT count(*) AS n FROM lab_history GROUP BY what, who, slot) AS counted"
        )
        again, _pairs = cursor.fetchone()
        cursor.execute("SELECT count(DISTINCT slot) FROM lab_history WHERE what = 'clock'")
        (slots,) = cursor.fetchone()
        cursor.execute("SELECT missed FROM jobs_engine")
        missed = cursor.fetchone()
    return {
        "ticks": len(runs),
        "slots": slots,
        "missed": missed[0] if missed else 0,
        "double_ticks": int(again) + sum(number - 1 for number in runs.values()),
    }


def note_fault(log: Path, fault: BaseException) -> None:
    """Write down what a stage raised; a worker goes on with the next one, as in life."""
    text = str(fault).splitlines()[0][:160] if str(fault) else ""
    line = json.dumps([type(fault).__name__, text]).encode() + b"\n"
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def faults(log: Path) -> dict[str, int]:
    """Return what was raised, by kind."""
    lines = log.read_text().splitlines() if log.exists() else []
    return dict(Counter(": ".join(json.loads(line))[:120] for line in lines).most_common(20))
