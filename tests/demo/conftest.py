"""Simulated vendors without the latency and the errors that they would have by themselves."""

from collections.abc import Iterator

import pytest

from demo.vendors import VENDORS
from tests.demo.vendor_process import Vendor, running_vendor


@pytest.fixture(scope="package")
def vendor_of_package() -> Iterator[Vendor]:
    with running_vendor("--latency=0", "--errors=0") as vendor:
        yield vendor


@pytest.fixture
def vendor(vendor_of_package: Vendor) -> Vendor:
    """The vendors of all these tests, healthy."""
    for name in VENDORS:
        vendor_of_package.tell("start", of=name)
    return vendor_of_package
