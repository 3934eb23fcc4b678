"""Fill a new database with the demo: two platforms, their people, sites, exporters and MACs.

What is there already stays as the visitor left it. MACs are typed in as the admin does it.
"""

from collections.abc import Sequence

from django.db import models, transaction

from demo.cast import CAST, ROOT
from demo.world import COMPANIES, SimulatedPlayer, of_platform
from exporters import enrolment, macs
from exporters.models import Exporter, Player
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Membership, Platform, Site, User

ACTOR = Actor(label="make demo", via="demo")
# Often enough that a visitor sees a change soon.
POLL_SECONDS = 5


def seed(fleet: Sequence[SimulatedPlayer], password: str) -> int:
    """Make what is missing, in one transaction; return how many MACs were typed in.

    1. The superadmin.
    2. Each company's platform and sites.
    3. Its people.
    4. Its exporter, and as if pasted, the MACs of its players; then where each player hangs.
    """
    with transaction.atomic():
        if not User.objects.filter(email=ROOT).exists():
            _note(User.objects.create_superuser(ROOT, password, full_name="Root"), None)
        return sum(
            _company(at, of_platform(fleet, company.name), password)
            for at, company in enumerate(COMPANIES)
        )


def _company(at: int, players: Sequence[SimulatedPlayer], password: str) -> int:
    company = COMPANIES[at]
    platform, is_new = Platform.objects.get_or_create(
        name=company.name,
        # Room for more, but not for many: a visitor can meet the limit.
        defaults={"players_limit": len(players) + 50},
    )
    if is_new:
        _note(platform, platform)
        for name in company.sites:
            _note(Site.objects.create(platform=platform, name=name), platform)
    for person in CAST:
        if person.company == at and not User.objects.filter(email=person.email).exists():
            user = User.objects.create_user(person.email, password, full_name=person.name)
            _note(user, None)
            member = Membership.objects.create(platform=platform, user=user, role=person.role)
            _note(member, platform)
    exporter, is_new = Exporter.objects.get_or_create(
        platform=platform,
        kind="cubic",
        defaults={"name": "CubicMedia", "poll_interval": POLL_SECONDS},
    )
    if not is_new:
        return 0
    _note(exporter, platform)
    pasted = "\n".join(f"{player.identity} {player.name}" for player in players)
    added = enrolment.enrol(exporter, macs.parse(pasted).good, ACTOR).added
    _hang(exporter, players)
    return len(added)


def _hang(exporter: Exporter, players: Sequence[SimulatedPlayer]) -> None:
    """Give each player its site."""
    for site in Site.objects.filter(platform=exporter.platform):
        here = [player.identity for player in players if player.site == site.name]
        Player.objects.filter(exporter=exporter, identity__in=here).update(site=site)


def _note(row: models.Model, platform: Platform | None) -> None:
    audit.record(ACTOR, Action.CREATED, row, platform_id=platform.pk if platform else None)
