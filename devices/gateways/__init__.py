"""The gateways that Remosa can send with. A new one is a file here and a line in DRIVERS."""

from devices.gateways import console, described, http_gateway, kannel, sms_gate
from devices.gateways.shape import Driver

DRIVERS: dict[str, Driver] = {
    each.DRIVER.name: each.DRIVER for each in (http_gateway, sms_gate, kannel, described, console)
}

__all__ = ["DRIVERS", "Driver"]
