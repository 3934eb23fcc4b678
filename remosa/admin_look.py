"""How the admin looks: its name, its colours, what stands at its side."""

from typing import Any, Final

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "Remosa",
    "SITE_HEADER": "Remosa",
    "SITE_SUBHEADER": _("Players that come back"),
    "SITE_SYMBOL": "monitor_heart",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "href": lambda _request: static("remosa/favicon.svg")},
    ],
    "STYLES": [lambda _request: static("remosa/labels.css")],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "exporters.admin.dashboard.dashboard",
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
    },
    "COLORS": {
        "primary": {
            "50": "240 253 250", "100": "204 251 241", "200": "153 246 228",
            "300": "94 234 212", "400": "45 212 191", "500": "20 184 166",
            "600": "13 148 136", "700": "15 118 110", "800": "17 94 89",
            "900": "19 78 74", "950": "4 47 46",
        },
    },
}  # fmt: skip
