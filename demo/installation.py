"""The demo as a list of processes: an installation apart, whatever .env says of the real one."""

import json
import os
import secrets
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

from demo.cast import CAST, ROOT
from demo.switches import SWITCHES, switch
from demo.vendors import VENDORS, Sizes
from demo.world import EXAMPLE
from exporters.kinds import KINDS
from exporters.metrics import device_status
from remosa import local, local_workers
from remosa.place import Place
from remosa.ports import LOOPBACK
from remosa.supervisor import Process

PORTS = {**local.PORTS, "DEMO_VENDOR_PORT": 8900, "DEMO_GATEWAY_PORT": 8901}
SCRAPE_SECONDS = 3
# What the demo sets for itself, so that nothing a .env says of a real installation reaches it.
OWN_SETTINGS = {
    "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
    "CELERY_BROKER_URL": "",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_URL": "",
    "DEBUG": "0",
    "METRICS_TOKEN": "",
    "PROMETHEUS_URL": "",
    "REDIS_URL": "",
    "REMOSA_EXPORTER_ADDRESSES": "127.0.0.0/8,::1/128",
    "REMOSA_HTTPS": "0",
    "REMOSA_HEARTBEAT_FILE": "",
    "REMOSA_PUBLIC_URL": "",
    "REMOSA_SECRET_KEYS": "",
    "REMOSA_TRUSTED_PROXIES": "0",
    "REMOSA_WORKER_PROCESSES": "2",
    "SECRET_KEY": "",
    "STATIC_ROOT": "",
    # Of the exporter: empty means what the admin says, or the default.
    **dict.fromkeys(("EXPORTER_ADVERTISE_HOST", "EXPORTER_INSTANCE", "LEGACY_METRICS"), ""),
    **dict.fromkeys(("MAX_AGE", "MAX_CONCURRENCY", "PLATFORM_ID", "POLL_INTERVAL"), ""),
    **dict.fromkeys(("MAX_DEVICES", "SHARD", "TIMEOUT"), ""),
    **dict.fromkeys(("WEB_CONFIG_FILE", "WEB_TELEMETRY_PATH"), ""),
}


@dataclass(frozen=True)
class World:
    """How large the simulated world is and how quickly its time goes by."""

    sizes: Sizes
    seed: int
    speed: float

    @property
    def options(self) -> list[str]:
        sizes = [f"--{name}={size}" for name, size in asdict(self.sizes).items()]
        return [*sizes, f"--seed={self.seed}"]


def processes(place: Place, world: World, ports: Mapping[str, int]) -> list[Process]:
    settings = environment(place, ports)
    vendor_port = ports["DEMO_VENDOR_PORT"]
    vendor_address = f"http://{LOOPBACK}:{vendor_port}"
    asking = vendor_addresses(vendor_address)  # the web too, for a person's "Check now"
    place.secret(place.demo_password.name, secrets.token_urlsafe(9))
    vendor = local.manage("run_demo_vendor", f"--port={vendor_port}", f"--speed={world.speed}")
    vendor.append(f"--gateway-port={ports['DEMO_GATEWAY_PORT']}")
    vendor.append(f"--switches={place.folder.resolve()}")
    all_of_them = [
        local.prepare(
            settings,
            "prepare_demo",
            str(place.folder),
            f"--vendor={vendor_address}",
            f"--gateway=http://{LOOPBACK}:{ports['DEMO_GATEWAY_PORT']}",
            *world.options,
        ),
        Process("vendor", [*vendor, *world.options], settings, f"{vendor_address}/control"),
        local.web(settings | asking, ports["REMOSA_WEB_PORT"]),
        *local.exporters(place, settings | asking, ports),
        replace(
            local.prometheus(place, settings, ports, SCRAPE_SECONDS),
            ready=partial(sees_the_fleet, ports["REMOSA_PROMETHEUS_PORT"]),
        ),
        *local_workers.workers(place, settings),
    ]
    return [
        replace(each, switch=switch(place.folder, each.name)) if each.name in SWITCHES else each
        for each in all_of_them
    ]


def environment(place: Place, ports: Mapping[str, int]) -> dict[str, str]:
    """The settings of every process of the demo; none of the real installation's comes through."""
    mails = f"filemail:///{place.folder.resolve() / 'mail'}"
    own = {**OWN_SETTINGS, "EMAIL_URL": mails}
    # Empty, not absent: the processes read .env themselves, and what is set wins over it.
    files = {f"{name}_FILE": "" for name in own}
    return local.environment(place, {**os.environ, **own, **files}, ports)


def vendor_addresses(vendor: str) -> dict[str, str]:
    """Where the exporters ask, by the variables of those kinds that have one."""
    return {
        kind.address_variable: vendor + VENDORS[kind.name].address
        for kind in KINDS.values()
        if kind.address_variable
    }


def sees_the_fleet(prometheus_port: int) -> bool:
    """Tell whether Prometheus has the status of a player, of whatever kind.

    Not of each kind: a visitor may have disabled an exporter.
    """
    names = [device_status(kind.name, kind.identity).name for kind in KINDS.values()]
    query = urllib.parse.urlencode({"query": f'count({{__name__=~"{"|".join(names)}"}})'})
    # Never through a proxy of the environment: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"http://{LOOPBACK}:{prometheus_port}/api/v1/query?{query}"
    try:
        with opener.open(address, timeout=1.0) as answer:
            return bool(json.load(answer)["data"]["result"])
    except (OSError, ValueError, KeyError):
        return False  # not yet


def banner(place: Place, ports: Mapping[str, int]) -> str:
    """What a visitor needs: the address, the logins, and what to try."""
    password = place.demo_password.read_text()
    people = [(ROOT, "superadmin"), *((person.email, person.place) for person in CAST)]
    logins = "".join(f"    {email:<22} {what}\n" for email, what in people)
    manage, folder = ".venv/bin/python manage.py", place.folder.resolve()
    if ports["DEMO_VENDOR_PORT"] != PORTS["DEMO_VENDOR_PORT"]:
        manage = f"DEMO_VENDOR_PORT={ports['DEMO_VENDOR_PORT']} {manage}"
    tell, report = f"{manage} tell_vendor", f"{manage} demo_report"
    if folder != (local.ROOT / ".demo").resolve():
        report += f" --folder {folder}"
    return (
        "\nThe Remosa demo is running.\n\n"
        f"  Address      http://{LOOPBACK}:{ports['REMOSA_WEB_PORT']}/\n"
        f"  Password     {password}   for each of these:\n{logins}"
        f"  Prometheus   http://{LOOPBACK}:{ports['REMOSA_PROMETHEUS_PORT']}\n"
        f"{local.exporter_addresses(ports)}"
        f"  Mails        {place.folder / 'mail'}\n\n"
        "  Open Devices and watch players flap. Then let CubicMedia fail:\n"
        f"    {tell} stop\n"
        "  Within half a minute its players are Unknown, with the reason; none turns Offline.\n"
        f"    {tell} start\n"
        f"  Other vendors: --vendor {' or '.join(list(VENDORS)[1:])}, before the word.\n\n"
        f"  Reboot a hung player: open {EXAMPLE[1]} in Devices, Reboot, and watch it come back.\n"
        "  Every screen of CubicMedia can be hung, and its gateway can be down:\n"
        f'    {tell} hang \'{{"mac": "{EXAMPLE[0]}"}}\'\n'
        f"    {tell} --vendor gateway stop\n"
        f"    {tell} --vendor gateway start\n\n"
        "  Jobs reboot a hung player by themselves, and nobody while these last (end: start):\n"
        f'    {tell} fault \'{{"fault": "all_offline"}}\'\n'
        f"    {tell} --vendor prometheus stop\n"
        f"  What jobs did, beside what was true: {report}\n\n"
        "Ctrl-C ends every process.\n"
    )
