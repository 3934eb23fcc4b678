"""A simulated vendor without the latency and the errors that it would have by itself."""

from collections.abc import Iterator

import pytest

from tests.demo.vendor_process import Vendor, running_vendor


@pytest.fixture(scope="module")
def vendor_of_module() -> Iterator[Vendor]:
    with running_vendor() as vendor:
        vendor.tell("latency", low=0, high=0)
        vendor.tell("errors", share=0)
        yield vendor


@pytest.fixture
def vendor(vendor_of_module: Vendor) -> Vendor:
    """The vendor of the module, healthy."""
    vendor_of_module.tell("start")
    return vendor_of_module
