"""Translations as they stand in the source, not as somebody compiled them last."""

import pytest
from django.utils.translation import trans_real

from tools.compile_messages import compile_all
from tools.messages.sources import ROOT


@pytest.fixture(scope="session", autouse=True)
def compiled_now() -> None:
    """Compile the catalogues, and let Django forget the ones that it has read."""
    compile_all(ROOT)
    trans_real._translations.clear()  # type: ignore[attr-defined]
