"""What vendors tell of a player beside its status, in words for a person. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from .prometheus_answers import Sample

Remark = tuple[StrOrPromise, StrOrPromise | datetime]

SHOWN_APART = frozenset({"name", "ip", "outip"})  # labels that have places of their own
LABELS: Mapping[str, StrOrPromise] = {
    "player_version": _("Player version"),
    "time_zone": _("Time zone"),
    "activation_state": _("Activated"),
}
TRUTHS: Mapping[str, StrOrPromise] = {"true": _("yes"), "false": _("no")}
VALUES: Mapping[str, tuple[StrOrPromise, Mapping[float, StrOrPromise]]] = {
    "player_status": (_("Playback"), {1.0: _("playing"), 0.0: _("paused")}),
    "last_online_timestamp_seconds": (_("Last online, says the vendor"), {}),
}
LATEST = 1e11  # seconds; beyond it a value is no moment


def of_labels(labels: Mapping[str, str]) -> Iterator[Remark]:
    """Yield the labels that the vendor fills, those without a title under their own name."""
    for name, value in labels.items():
        if name not in SHOWN_APART:
            yield LABELS.get(name, name), TRUTHS.get(value, value)


def of_samples(samples: Iterable[Sample]) -> Iterator[Remark]:
    """Yield the further values that mean something to a person; the others stand in the table."""
    for sample in samples:
        metric = sample.labels.get("__name__", "")
        for name, (title, words) in VALUES.items():
            if not metric.endswith(f"_{name}"):
                continue
            if sample.value in words:
                yield title, words[sample.value]
            elif name.endswith("_timestamp_seconds") and 0 < sample.value < LATEST:
                yield title, datetime.fromtimestamp(sample.value, UTC)
