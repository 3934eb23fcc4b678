"""Door: change a simulated vendor, the SMS gateway, a socket or a process while the demo runs."""

import json
import os
import urllib.error
import urllib.request
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.control import DEEDS, LIST_DEEDS
from demo.sms.control import DEEDS_OF_SMS, DOORS
from demo.switches import SWITCHES
from demo.vendors import VENDORS
from remosa.ports import LOOPBACK, BadPort, port_of


class Command(BaseCommand):
    help = "Let a vendor, the SMS gateway, a socket or a process fail (demo/**/control.py)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("deed", choices=sorted({*DEEDS, *LIST_DEEDS, *DEEDS_OF_SMS}))
        parser.add_argument("told", nargs="?", default="{}", help='such as \'{"fault": "html"}\'')
        parser.add_argument("--vendor", choices=[*VENDORS, *DOORS, *SWITCHES], default="cubic")

    def handle(self, *args: Any, deed: str, told: str, vendor: str, **options: Any) -> None:
        # Never through a proxy of the environment: the vendor is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            port = port_of("DEMO_VENDOR_PORT", 8900, os.environ)
            address = f"http://{LOOPBACK}:{port}/control/{vendor}/{deed}"
            with opener.open(address, data=told.encode(), timeout=5) as answer:
                state = json.load(answer)
        except urllib.error.HTTPError as error:
            raise CommandError(error.read().decode(errors="replace")) from error
        except (BadPort, OSError, ValueError) as error:
            raise CommandError(f"the simulated vendor does not answer: {error}") from error
        for name, value in state.items():
            self.stdout.write(f"{name:<12} {value}")
