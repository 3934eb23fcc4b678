"""Every metric an exporter process serves: names, help, labels, and how a line is written.

Pure. The names are a contract with dashboards outside this project: they change only with a
changelog line and a period in which both are served.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.utils import floatToGoString

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LABEL_LIMIT = 256  # characters of a label value; a vendor may send a name of any length

# NUL ends the text for Prometheus' parser; lone surrogates have no UTF-8; the rest is noise.
# A new line stays: the format has an escape for it.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

EXPORTER_LABELS = ("exporter_id", "platform_id")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `labels` are in the order in which a line has them: sorted."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: str = "gauge"

    def header(self) -> bytes:
        """Return the HELP and TYPE lines."""
        text = self.help.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {self.name} {text}\n# TYPE {self.name} {self.type}\n".encode()

    def line(self, labels: Mapping[str, str], value: float) -> bytes:
        """Return the line of one sample, always valid UTF-8."""
        pairs = ",".join([f'{label}="{escape(labels[label])}"' for label in self.labels])
        braces = f"{{{pairs}}}" if pairs else ""
        number: str = floatToGoString(value)  # type: ignore[no-untyped-call]
        return f"{self.name}{braces} {number}\n".encode()


def safe_text(text: str) -> str:
    """Return the text as a label may hold it: no control characters, bounded."""
    if _UNSAFE.search(text):
        text = _UNSAFE.sub("\ufffd", text)
    return text if len(text) <= LABEL_LIMIT else text[: LABEL_LIMIT - 1] + "…"


def escape(text: str) -> str:
    """Return the text as it stands between the quotes of a label value."""
    return safe_text(text).translate(_ESCAPES)


def device_status(kind: str, identity: str) -> Metric:
    """Return the family of the status: 1 online, 0 offline, absent while unknown."""
    return Metric(
        f"remosa_exporter_{kind}_device_status",
        "Whether the vendor says that the device is online (1) or offline (0);"
        " absent while it is not known.",
        _sorted(identity, *EXPORTER_LABELS),
    )


def device_unknown(kind: str, identity: str) -> Metric:
    """Return the family that tells why one device is unknown though its source is up."""
    return Metric(
        f"remosa_exporter_{kind}_device_unknown",
        "1 while the status of this device is unknown although its source is up.",
        _sorted(identity, *EXPORTER_LABELS, "reason"),
    )


def device_info(kind: str, identity: str, info_labels: tuple[str, ...]) -> Metric:
    """Return the family of what changes without being a status: name, addresses."""
    return Metric(
        f"remosa_exporter_{kind}_device_info",
        "What the vendor told last about the device, now or before a restart; always 1.",
        _sorted(identity, *EXPORTER_LABELS, *info_labels),
    )


def device_value(kind: str, identity: str, name: str, text: str) -> Metric:
    """Return the family of a further value of a kind; absent while it is not known."""
    return Metric(f"remosa_exporter_{kind}_{name}", text, _sorted(identity, *EXPORTER_LABELS))


def _sorted(*labels: str) -> tuple[str, ...]:
    return tuple(sorted(labels))


SOURCE_UP = Metric(
    "remosa_exporter_source_up",
    "Whether at least half of the answers of the last poll were well formed.",
    EXPORTER_LABELS,
)
SOURCE_LAST_SUCCESS = Metric(
    "remosa_exporter_source_last_success_timestamp_seconds",
    "When the last poll ended that left the source up.",
    EXPORTER_LABELS,
)
SOURCE_POLL_DURATION = Metric(
    "remosa_exporter_source_poll_duration_seconds",
    "How long the last poll of all devices took.",
    EXPORTER_LABELS,
)
SOURCE_ERRORS = Metric(
    "remosa_exporter_source_errors_total",
    "Answers that did not come or could not be understood, by reason.",
    (*EXPORTER_LABELS, "reason"),
    "counter",
)
SOURCE_DEVICES = Metric(
    "remosa_exporter_source_devices",
    "Devices of the source by state.",
    (*EXPORTER_LABELS, "state"),
)
SOURCE_TRUNCATED = Metric(
    "remosa_exporter_source_truncated",
    "Whether the vendor is known to have more devices than it lists.",
    EXPORTER_LABELS,
)
SOURCE_DROPPED = Metric(
    "remosa_exporter_source_dropped_devices",
    "Devices left out because the source has more of them than one source may have.",
    EXPORTER_LABELS,
)
SOURCE_MISSING = Metric(
    "remosa_exporter_source_missing_devices",
    "Devices that the vendor's last list left out and that are kept until it is confirmed.",
    EXPORTER_LABELS,
)
DEVICE_LIST_LAST_SUCCESS = Metric(
    "remosa_exporter_device_list_last_success_timestamp_seconds",
    "When Remosa last gave or confirmed the device list, also before a restart.",
)
CACHE_UP = Metric(
    "remosa_exporter_cache_up",
    "Whether the cache file can be written; without it a restart needs Remosa.",
)
BUILD_INFO = Metric(
    "remosa_exporter_build_info",
    "Version and kind of this exporter process; always 1.",
    ("kind", "version"),
)

# What the json_exporter prototype served, for a gradual move; off unless LEGACY_METRICS is set.
LEGACY_STATUS = Metric(
    "json_exporter_device_status",
    "Old name of the device status: 1 online, 0 offline, absent while it is not known.",
    ("name", "platform_id"),
)
LEGACY_INFO = Metric(
    "json_exporter_device_info",
    "Old name of the device info; always 1.",
    ("ip", "name", "platform_id"),
)
LEGACY_METRICS = (LEGACY_STATUS, LEGACY_INFO)
