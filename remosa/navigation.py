"""The sidebar of the admin: which pages it names, for whom."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from platforms.roles import Deed

if TYPE_CHECKING:
    from platforms.models import User


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links that this person can follow."""
    from platforms.models import User

    user = request.user
    if not isinstance(user, User):
        return []
    sees = user.may(Deed.SEE)
    owns = user.reaches_every_platform(Deed.OWN)
    groups: list[tuple[Promise, list[tuple[Promise, str, str, bool]]]] = [
        (
            _("Watching"),
            [
                (_("Overview"), "dashboard", "admin:index", True),
                (_("Devices"), "tv", "admin:exporters_player_changelist", sees),
                (_("Exporters"), "sensors", "admin:exporters_exporter_changelist", sees),
                (_("MAC addresses"), "tag", "admin:exporters_exportermac_changelist", sees),
            ],
        ),
        (
            _("Deciding"),
            [
                (_("Jobs"), "bolt", "admin:jobs_job_changelist", sees),
                (_("Episodes"), "crisis_alert", "admin:jobs_episode_changelist", sees),
                (_("Approvals"), "approval", "admin:jobs_jobexecution_approvals", sees),
                (_("Executions"), "fact_check", "admin:jobs_jobexecution_changelist", sees),
                (
                    _("Maintenance"),
                    "engineering",
                    "admin:jobs_maintenancewindow_changelist",
                    sees,
                ),
                (
                    _("Pauses of jobs"),
                    "motion_photos_paused",
                    "admin:jobs_jobpause_changelist",
                    sees,
                ),
                (_("Brakes"), "front_hand", "admin:jobs_brake_changelist", sees),
                (
                    _("Metrics"),
                    "query_stats",
                    "admin:jobs_monitoringmetric_changelist",
                    sees,
                ),
            ],
        ),
        (
            _("Acting"),
            [
                (_("Sockets"), "power", "admin:devices_device_changelist", sees),
                (_("Commands"), "send", "admin:devices_command_changelist", sees),
                (_("Pauses"), "pause_circle", "admin:devices_pause_changelist", sees),
                (
                    _("Status queries"),
                    "help_center",
                    "admin:devices_statusqueryplan_changelist",
                    sees,
                ),
                (
                    _("Command templates"),
                    "sms",
                    "admin:devices_commandtemplate_changelist",
                    sees,
                ),
                (
                    _("Socket models"),
                    "inventory_2",
                    "admin:devices_devicemodel_changelist",
                    sees,
                ),
            ],
        ),
        (
            _("Platform"),
            [
                (*_own_platforms(user), sees and not owns),
                (_("Usage"), "data_usage", "admin:devices_budgetperiod_changelist", sees),
                (_("Sites"), "storefront", "admin:platforms_site_changelist", sees),
                (
                    _("Members"),
                    "group",
                    "admin:platforms_membership_changelist",
                    user.may(Deed.MEMBERS),
                ),
                (
                    _("Invitations"),
                    "mail",
                    "admin:platforms_invitation_changelist",
                    user.may(Deed.MEMBERS),
                ),
                (_("Notices"), "notifications", "admin:platforms_notice_changelist", sees),
                (
                    _("Notification channels"),
                    "campaign",
                    "admin:platforms_notificationchannel_changelist",
                    user.may(Deed.CHANNELS),
                ),
                (_("Audit log"), "history", "admin:platforms_auditentry_changelist", sees),
                (_("API tokens"), "key", "admin:platforms_apitoken_changelist", sees),
            ],
        ),
        (
            _("Installation"),
            [
                (_("Platforms"), "domain", "admin:platforms_platform_changelist", owns),
                (_("Accounts"), "person", "admin:platforms_user_changelist", owns),
                (_("Incoming messages"), "sms", "admin:devices_incomingsms_changelist", owns),
                (_("Background work"), "manufacturing", "admin:platforms_tick_changelist", owns),
                (
                    _("Timetable"),
                    "schedule",
                    "admin:django_celery_beat_periodictask_changelist",
                    owns,
                ),
                (
                    _("Exporter processes"),
                    "memory",
                    "admin:exporters_exporterprocess_changelist",
                    owns,
                ),
                (_("SMS gateways"), "cell_tower", "admin:devices_smsgateway_changelist", owns),
                (
                    _("Prometheus"),
                    "monitoring",
                    "admin:exporters_prometheusconnection_changelist",
                    owns,
                ),
            ],
        ),
    ]
    return [
        {
            "title": title,
            "separator": number > 0,
            "items": [
                {"title": name, "icon": icon, "link": resolve_url(view)}
                for name, icon, view, allowed in items
                if allowed
            ],
        }
        for number, (title, items) in enumerate(groups)
        if any(allowed for *_rest, allowed in items)
    ]


def _own_platforms(user: "User") -> tuple[Promise, str, str]:
    """Return title, icon and address: of the person's platform itself where there is one alone."""
    own = list(user.roles or ())
    if len(own) == 1:
        page = reverse("admin:platforms_platform_change", args=own)
        return _("Limits"), "domain", page
    return _("Platforms"), "domain", "admin:platforms_platform_changelist"
