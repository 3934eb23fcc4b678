"""The sidebar of the admin: which pages it names, for whom, and which of them is open."""

from functools import lru_cache
from typing import Final, NamedTuple

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from platforms.roles import Deed

FIRST_PAGE: Final = "admin:index"


class Link(NamedTuple):
    """A page of the admin, and what somebody must be allowed to do so as to follow the link."""

    title: Promise
    icon: str
    view: str
    deed: Deed = Deed.SEE


#: Of members alone: superadmins find all platforms among the pages of the installation.
OWN_PLATFORMS: Final = Link(_("Platforms"), "domain", "admin:platforms_platform_changelist")
GROUPS: Final = (
    (
        _("Watching"),
        (
            Link(_("Overview"), "dashboard", FIRST_PAGE),
            Link(_("Devices"), "tv", "admin:exporters_player_changelist"),
            Link(_("Exporters"), "sensors", "admin:exporters_exporter_changelist"),
            Link(_("MAC addresses"), "tag", "admin:exporters_exportermac_changelist"),
        ),
    ),
    (
        _("Deciding"),
        (
            Link(_("Jobs"), "bolt", "admin:jobs_job_changelist"),
            Link(_("Episodes"), "crisis_alert", "admin:jobs_episode_changelist"),
            Link(_("Approvals"), "approval", "admin:jobs_jobexecution_approvals"),
            Link(_("Executions"), "fact_check", "admin:jobs_jobexecution_changelist"),
            Link(_("Maintenance"), "engineering", "admin:jobs_maintenancewindow_changelist"),
            Link(_("Pauses of jobs"), "motion_photos_paused", "admin:jobs_jobpause_changelist"),
            Link(_("Brakes"), "front_hand", "admin:jobs_brake_changelist"),
            Link(_("Metrics"), "query_stats", "admin:jobs_monitoringmetric_changelist"),
        ),
    ),
    (
        _("Acting"),
        (
            Link(_("Sockets"), "power", "admin:devices_device_changelist"),
            Link(_("Commands"), "send", "admin:devices_command_changelist"),
            Link(_("Pauses"), "pause_circle", "admin:devices_pause_changelist"),
            Link(_("Status queries"), "help_center", "admin:devices_statusqueryplan_changelist"),
            Link(_("Command templates"), "sms", "admin:devices_commandtemplate_changelist"),
            Link(_("Socket models"), "inventory_2", "admin:devices_devicemodel_changelist"),
        ),
    ),
    (
        _("Platform"),
        (
            OWN_PLATFORMS,
            Link(_("Usage"), "data_usage", "admin:devices_budgetperiod_changelist"),
            Link(_("Sites"), "storefront", "admin:platforms_site_changelist"),
            Link(_("Members"), "group", "admin:platforms_membership_changelist", Deed.MEMBERS),
            Link(_("Invitations"), "mail", "admin:platforms_invitation_changelist", Deed.MEMBERS),
            Link(_("Notices"), "notifications", "admin:platforms_notice_changelist"),
            Link(
                _("Notification channels"),
                "campaign",
                "admin:platforms_notificationchannel_changelist",
                Deed.CHANNELS,
            ),
            Link(_("Audit log"), "history", "admin:platforms_auditentry_changelist"),
            Link(_("API tokens"), "key", "admin:platforms_apitoken_changelist"),
        ),
    ),
    (
        _("Installation"),
        (
            Link(_("Platforms"), "domain", "admin:platforms_platform_changelist", Deed.OWN),
            Link(_("Accounts"), "person", "admin:platforms_user_changelist", Deed.OWN),
            Link(_("Incoming messages"), "sms", "admin:devices_incomingsms_changelist", Deed.OWN),
            Link(
                _("Background work"), "manufacturing", "admin:platforms_tick_changelist", Deed.OWN
            ),
            Link(
                _("Timetable"),
                "schedule",
                "admin:django_celery_beat_periodictask_changelist",
                Deed.OWN,
            ),
            Link(
                _("Exporter processes"),
                "memory",
                "admin:exporters_exporterprocess_changelist",
                Deed.OWN,
            ),
            Link(_("SMS gateways"), "cell_tower", "admin:devices_smsgateway_changelist", Deed.OWN),
            Link(
                _("Prometheus"),
                "monitoring",
                "admin:exporters_prometheusconnection_changelist",
                Deed.OWN,
            ),
        ),
    ),
)

#: All that the links ask for.
_DEEDS: Final = frozenset(link.deed for _title, links in GROUPS for link in links)


class Entry(NamedTuple):
    """A link as one person has it."""

    title: Promise
    icon: str
    address: str
    #: The first page stands out while it is open itself, others with all pages below them too.
    alone: bool


def sidebar(request: HttpRequest) -> list[tuple[Promise, list[tuple[Promise, str, str, bool]]]]:
    """Return groups of links that this person can follow: title, icon, address, does it stand out.

    Tuples, because the template looks nothing up in them: there are 30 links on every page.
    """
    from platforms.models import User

    person, path = request.user, request.path
    if not isinstance(person, User):
        return []
    granted = frozenset(deed for deed in _DEEDS if person.may(deed))
    own = tuple(person.roles or ())
    only = own[0] if len(own) == 1 and Deed.OWN not in granted else None
    return [
        (title, [(*entry[:3], _stands_out(entry, path)) for entry in entries])
        for title, entries in _groups(granted, only, get_script_prefix())
    ]


@lru_cache(maxsize=1024)
def _groups(
    granted: frozenset[Deed], only: int | None, _prefix: str
) -> list[tuple[Promise, list[Entry]]]:
    """Return what may be followed with these grants, in no language yet.

    Made once each: every address has the prefix in it, and little else tells people apart.
    """
    groups = [
        (title, [_entry(link, only) for link in links if _leads(link, granted)])
        for title, links in GROUPS
    ]
    return [(title, entries) for title, entries in groups if entries]


def _leads(link: Link, granted: frozenset[Deed]) -> bool:
    return link.deed in granted and not (link is OWN_PLATFORMS and Deed.OWN in granted)


def _entry(link: Link, only: int | None) -> Entry:
    """Return a link with its address: of the person's platform itself where there is one alone."""
    if link is OWN_PLATFORMS and only is not None:
        page = reverse("admin:platforms_platform_change", args=[only])
        return Entry(_("Limits"), link.icon, page, alone=False)
    return Entry(link.title, link.icon, reverse(link.view), alone=link.view == FIRST_PAGE)


def _stands_out(entry: Entry, path: str) -> bool:
    return entry.address == path if entry.alone else entry.address in path
