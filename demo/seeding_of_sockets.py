"""Fill a new database with the sockets of the demo: their gateway, what hangs on them, who may act.

What is there already stays as the visitor left it; the gateway's address alone follows its port.
"""

from collections.abc import Sequence

from django.utils import timezone

from demo.cast import CAST
from demo.seeding import ACTOR, note
from demo.sms.gateway import KEY
from demo.sms.wiring import GATEWAY_NUMBER, VENDOR, SimulatedSocket, SocketModel
from demo.world import COMPANIES
from devices import catalogue, sockets
from devices.gateways.http_gateway import DRIVER
from devices.models import CommandTemplate, Device, DeviceLine, DeviceModel, SmsGateway
from exporters.models import Player
from platforms.models import Platform, Site, User
from platforms.roles import Role
from remosa.ports import LOOPBACK

GATEWAY = "Simulated gateway"
# Room for the spare ones and a few more; texts enough for a day of trying, and not for much more.
SPARE_PLACES = 5
SMS_A_DAY, SMS_A_MONTH = 60, 900
# How many sockets the member who is only a user may command.
ASSIGNED = 8

# Not a restart: the button for that takes a platform's own one before the catalogue's.
OPENING_HOURS = {
    "key": "opening_hours",
    "name": {"en": "On in the opening hours", "ru": "Включать на часы работы"},
    "help": {
        "en": "Every day the outlet is on between these two times.",
        "ru": "Каждый день выход включён между этими двумя временами.",
    },
    "code": "#20#0#0#{start}#{stop}#",
    "effect": "config",
    "danger": "config",
    "parameters": [
        {
            "name": name,
            "kind": "hhmm",
            "label": {"en": english, "ru": russian},
            "help": {"en": "As HH:MM.", "ru": "В виде ЧЧ:ММ."},
            "default": default,
        }
        for name, english, russian, default in (
            ("start", "Opens", "Открытие", "10:00"),
            ("stop", "Closes", "Закрытие", "22:00"),
        )
    ],
}


def seed(installed: Sequence[SimulatedSocket], address: str) -> int:
    """Make what is missing, after the players; return how many sockets were registered.

    `address` is where the simulated gateway listens. The caller holds the transaction.
    """
    _gateway(address)
    registered = 0
    for company in COMPANIES:
        platform = Platform.objects.get(name=company.name)
        # Those that were taken out count too: who empties a platform wants it empty.
        if not Device.objects.filter(platform=platform).exists():
            mine = [each for each in installed if each.platform == platform.name]
            registered += _platform(platform, [each for each in mine if not each.is_spare])
    return registered


def _gateway(address: str) -> None:
    """Make the gateway, or have it follow the simulated one to another port."""
    found = SmsGateway.objects.filter(name=GATEWAY, driver=DRIVER.name).first()
    if found is None:
        row = SmsGateway(
            name=GATEWAY,
            driver=DRIVER.name,
            address=address,
            secret=KEY,
            phone=GATEWAY_NUMBER,
            region="RU",
        )
        row.save()
        note(row, None)
    elif found.address != address and found.address.startswith(f"http://{LOOPBACK}:"):
        found.address = address
        found.save(update_fields=["address"])


def _platform(platform: Platform, installed: Sequence[SimulatedSocket]) -> int:
    platform.sockets_limit = len(installed) + SPARE_PLACES
    platform.sms_limit_day, platform.sms_limit_month = SMS_A_DAY, SMS_A_MONTH
    platform.save(update_fields=["sockets_limit", "sms_limit_day", "sms_limit_month"])
    models = {row.key: row for row in DeviceModel.objects.all()}
    sites = {row.name: row for row in Site.objects.filter(platform=platform)}
    players = {
        row.identity: row for row in Player.objects.filter(platform=platform, exporter__kind=VENDOR)
    }
    devices = [
        _socket(platform, each, models[each.model], sites.get(each.site), players)
        for each in installed
    ]
    _template(platform, models[SocketModel.D210])
    for person in CAST:
        if person.role is Role.USER and COMPANIES[person.company].name == platform.name:
            user = User.objects.get(email=person.email)
            for device in devices[:ASSIGNED]:
                sockets.assign(user, device, ACTOR)
    return len(devices)


def _socket(
    platform: Platform,
    installed: SimulatedSocket,
    model: DeviceModel,
    site: Site | None,
    players: dict[str, Player],
) -> Device:
    """Register one, as commissioned long ago, and hang its players on its lines."""
    device = Device(
        platform=platform,
        model=model,
        name=installed.name,
        phone=installed.phone,
        site=site,
        commissioned_at=timezone.now(),
    )
    sockets.register(device, ACTOR)
    for line in DeviceLine.objects.filter(device=device):
        for identity in installed.players[line.number]:
            if identity in players:
                sockets.bind(players[identity], line, ACTOR)
    return device


def _template(platform: Platform, model: DeviceModel) -> None:
    """Give the platform a template of its own."""
    template = catalogue.read_template(OPENING_HOURS)
    row, is_new = CommandTemplate.objects.get_or_create(
        platform=platform, model=model, key=template.key, defaults={"definition": OPENING_HOURS}
    )
    if is_new:
        note(row, platform)
