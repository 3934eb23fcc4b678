"""How tests are shared out to the processes of xdist: by file, the longest files test by test.

A file's tests share what is costly to start, such as a whole demo. Those of the folders below share
nothing, and one process would be at them for minutes while the others have nothing left to do.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

ONE_BY_ONE = ("tests/crashlab/", "tests/i18n/", "tests/tenancy/")


class ByFileOrTest(LoadFileScheduling):
    """The scheduling of `--dist loadfile`, but for the folders of ONE_BY_ONE."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        scope: str = super()._split_scope(nodeid)
        return scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Take part where files are kept together; a person may ask for another way."""
    return ByFileOrTest(config, log) if config.getvalue("dist") == "loadfile" else None
