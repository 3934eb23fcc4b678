"""How the vendor accounts and the processes behind exporters stand: rows joined with samples."""

from collections.abc import Iterable

from .health import Health, ProcessKey, SourceSamples
from .models import Exporter, ExporterProcess
from .verdicts import Process, Source


def sources_of(
    processes: Iterable[ExporterProcess], health: Health, exporters: Iterable[Exporter]
) -> dict[int, Source]:
    """Return how the source of each exporter stands, by exporter id.

    A process is known because it announced itself, or because Prometheus scrapes one of the kind.
    """
    announced = [
        (ProcessKey(process.kind, process.instance), process.limited_to_id) for process in processes
    ]
    listed = {key for key, _platform_id in announced}
    sources: dict[int, Source] = {}
    for exporter in exporters:
        mine = [
            key
            for key, platform_id in announced
            if key.kind == exporter.kind and platform_id in (None, exporter.platform_id)
        ]
        # Pinned in Prometheus' own configuration, without service discovery.
        mine += [key for key in health.processes if key.kind == exporter.kind and key not in listed]
        samples = health.sources.get((exporter.platform_id, exporter.pk), SourceSamples())
        sources[exporter.pk] = Source(
            process=_standing(mine, health),
            up=samples.up,
            last_success=samples.last_success,
            truncated=samples.truncated,
        )
    return sources


def _standing(mine: list[ProcessKey], health: Health) -> Process:
    if not mine:
        return Process.MISSING
    known = [health.processes[key] for key in mine if key in health.processes]
    if not known:
        return Process.NOT_SCRAPED
    return Process.UP if any(known) else Process.DOWN
