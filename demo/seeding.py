"""Fill a new database with the demo: two platforms, their people, sites, exporters and MACs.

What is there already stays as the visitor left it. MACs are typed in as the admin does it; the
players of vendors that list them nobody types: they come as they do in earnest.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from django.db import models, transaction

from demo.accounts import VendorAccount, accounts
from demo.cast import CAST, ROOT
from demo.world import COMPANIES, SimulatedPlayer, of_platform
from exporters import enrolment, macs
from exporters.kinds import KINDS
from exporters.kinds.shape import SettingType
from exporters.models import Exporter, Player
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Membership, Platform, Site, User
from remosa.ports import LOOPBACK

ACTOR = Actor(label="make demo", via="demo")
# Often enough that a visitor sees a change soon.
POLL_SECONDS = 5


def seed(fleets: Mapping[str, Sequence[SimulatedPlayer]], password: str, vendor: str) -> int:
    """Make what is missing, in one transaction; return how many MACs were typed in.

    1. The superadmin.
    2. Each company's platform and sites.
    3. Its people.
    4. Its exporters, and as if pasted, the MACs of its players; then where each player hangs.

    `fleets` are the players of the simulated world by vendor, `vendor` is where those listen.
    """
    with transaction.atomic():
        if not User.objects.filter(email=ROOT).exists():
            note(User.objects.create_superuser(ROOT, password, full_name="Root"), None)
        return sum(
            _company(
                at,
                {name: of_platform(fleet, company.name) for name, fleet in fleets.items()},
                password,
                vendor,
            )
            for at, company in enumerate(COMPANIES)
        )


def _company(
    at: int, fleets: Mapping[str, Sequence[SimulatedPlayer]], password: str, vendor: str
) -> int:
    company = COMPANIES[at]
    platform, is_new = Platform.objects.get_or_create(
        name=company.name,
        # Room for more, but not for many: a visitor can meet the limit.
        defaults={"players_limit": sum(map(len, fleets.values())) + 50},
    )
    if is_new:
        note(platform, platform)
        for name in company.sites:
            note(Site.objects.create(platform=platform, name=name), platform)
    for person in CAST:
        if person.company == at and not User.objects.filter(email=person.email).exists():
            user = User.objects.create_user(person.email, password, full_name=person.name)
            note(user, None)
            member = Membership.objects.create(platform=platform, user=user, role=person.role)
            note(member, platform)
    return sum(
        _exporter(platform, account, fleets.get(account.kind, ()))
        for account in accounts(company, vendor)
    )


def _exporter(
    platform: Platform, account: VendorAccount, players: Sequence[SimulatedPlayer]
) -> int:
    """Make a company's exporter of a kind, unless there is one; return how many MACs it got."""
    if found := Exporter.objects.filter(platform=platform, kind=account.kind).first():
        _follow(found, account)
        return 0
    settings = KINDS[account.kind].settings
    hidden = {setting.name for setting in settings if setting.type is SettingType.SECRET}
    exporter = Exporter(
        platform=platform,
        kind=account.kind,
        name=account.name,
        poll_interval=POLL_SECONDS,
        settings={name: told for name, told in account.told.items() if name not in hidden},
    )
    exporter.take_secrets({name: str(account.told[name]) for name in hidden & set(account.told)})
    exporter.save()
    note(exporter, platform)
    if exporter.discovers:
        return 0
    pasted = "\n".join(f"{player.identity} {player.name}" for player in players)
    added = enrolment.enrol(exporter, macs.parse(pasted).good, ACTOR).added
    _hang(exporter, players)
    return len(added)


def _follow(exporter: Exporter, account: VendorAccount) -> None:
    """Have an exporter that is told an address ask where the simulated vendors listen now.

    Unless the visitor wrote another address there.
    """
    before, now = (urlsplit(str(told.get("url", ""))) for told in (exporter.settings, account.told))
    if before != now and before.hostname == LOOPBACK and before[2:] == now[2:]:
        exporter.take_version()
        exporter.settings["url"] = account.told["url"]
        exporter.save()


def _hang(exporter: Exporter, players: Sequence[SimulatedPlayer]) -> None:
    """Give each player its site."""
    for site in Site.objects.filter(platform=exporter.platform):
        here = [player.identity for player in players if player.site == site.name]
        Player.objects.filter(exporter=exporter, identity__in=here).update(site=site)


def note(row: models.Model, platform: Platform | None) -> None:
    """Record that the demo made a row."""
    audit.record(ACTOR, Action.CREATED, row, platform_id=platform.pk if platform else None)
