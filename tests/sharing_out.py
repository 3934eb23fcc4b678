"""How tests are shared out to the processes of xdist: by file, the longest files test by test.

A file's tests share what is costly to start, such as a whole demo. Those of the folders below share
nothing, and one process would be at them for minutes while the others have nothing left to do.
Every other process begins with the tests that wait, so that at any time some compute meanwhile.
"""

from collections.abc import Collection
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

ONE_BY_ONE = ("tests/crashlab/", "tests/i18n/", "tests/tenancy/")

# Most of their time passes while a real process polls, times out or starts; longest first.
WAITING = (
    "tests/demo/",
    "tests/bench/",
    "tests/exporters/process/",
    "tests/outage_lab/",
    "tests/flows/",
    "tests/jobs/test_evaluation.py",
    "tests/exporters/test_old_samples.py",
    "tests/remosa/test_workers.py",
    "tests/remosa/test_supervisor.py",
    "tests/jobs/test_steadiness.py",
)
# Up to minutes of one core each: the last of them must not be begun when all others are done.
LONGEST = (
    "tests/tenancy/test_attacks.py::test_no_parameter",
    "tests/tenancy/test_two_worlds.py",
    "tests/crashlab/engine/",
    "tests/remosa/test_schema.py",
    "tests/tenancy/test_matrix.py",
    "tests/tenancy/test_attacks.py",
    "tests/crashlab/",
    "tests/exporters/test_enrolment.py",
)


class ByFileOrTest(LoadFileScheduling):
    """The scheduling of `--dist loadfile`, but for what stands above."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        scope: str = super()._split_scope(nodeid)
        return scope

    def _assign_work_unit(self, node: Any) -> None:
        chosen = next_of(self.workqueue, begins_with_waiting=self.nodes.index(node) % 2 == 0)
        self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)


def next_of(scopes: Collection[str], *, begins_with_waiting: bool) -> str:
    """Choose what a process gets next of the files and tests that are left, in their order."""
    names = (*WAITING, *LONGEST) if begins_with_waiting else LONGEST
    first = (scope for name in names for scope in scopes if scope.startswith(name))
    computing = (scope for scope in scopes if not scope.startswith(WAITING))
    return next(first, None) or next(computing, None) or next(iter(scopes))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Take part where files are kept together; a person may ask for another way."""
    return ByFileOrTest(config, log) if config.getvalue("dist") == "loadfile" else None
