"""The devices of one source: what is known of each, how old it is, and the lines that say so."""

import math
from collections.abc import Iterable, Iterator, Mapping

from exporters import metrics
from exporters.kinds.shape import NOTHING, Kind, Reading, Reason
from exporters.process.device import KNOWN, Device, pack, state_of, unpack
from exporters.process.figures import FAMILIES, Figures, State
from exporters.process.gzip_stream import Ready
from exporters.process.snapshot import CHUNK_LINES, Section

# Only these readings are about the device; the rest are answers that did not come.
_ABOUT_THE_DEVICE = ("", Reason.NOT_FOUND, Reason.ODD_STATUS, Reason.DUPLICATE)
_OF_FIGURES = frozenset(metric.name for metric in FAMILIES)


class Fleet:
    """Devices and figures of one exporter of one platform. Not locked: see Exposition."""

    def __init__(self, kind: Kind, exporter_id: int, platform_id: int, max_age: float) -> None:
        self.figures = Figures(exporter_id, platform_id)
        self.devices: dict[str, Device] = {}
        self.max_age = max_age  # seconds
        self.changes = 0  # of lines, since the beginning
        self.repaired: dict[str, str] = {}  # identity -> the label that was not fit to be served
        self._kind = kind
        self._labels = {"exporter_id": str(exporter_id), "platform_id": str(platform_id)}
        self._status = metrics.device_status(kind.name, kind.identity)
        self._unknown = metrics.device_unknown(kind.name, kind.identity)
        self._info = metrics.device_info(kind.name, kind.identity, kind.info_labels)
        self._values = {
            value.name: metrics.device_value(kind.name, kind.identity, value.name, value.help)
            for value in kind.values
        }
        families = (self._status, self._unknown, self._info, *self._values.values())
        self._sections = {metric.name: Section() for metric in families}
        self._packed: dict[str, Ready] = {}
        self._slots: list[Device | None] = []
        self._free: list[int] = []
        self._oldest: list[float] = []  # a chunk's oldest status, or older

    def set_devices(
        self, names: Mapping[str, str], info: Mapping[str, Mapping[str, str]]
    ) -> list[str]:
        """Have exactly the devices of `names` (identity to name); return the new ones.

        `info` is what a new device's vendor is remembered to have said.
        """
        for identity in [identity for identity in self.devices if identity not in names]:
            self._remove(self.devices.pop(identity))
        new = []
        for identity, name in names.items():
            device = self.devices.get(identity)
            if device is None:
                self._add(identity, name, info.get(identity))
                new.append(identity)
            elif device.name != name:
                device.name = name
                self._show_info(device)
        return new

    def learn(self, identity: str, reading: Reading, now: float, body: bytes = b"") -> bool:
        """Take in what an answer of the time `now` says; return whether the info is new.

        `body` is what it was read from, where the same bytes say the same again.
        """
        device = self.devices.get(identity)
        if device is None:
            return False
        if reading.reason not in _ABOUT_THE_DEVICE:
            self.fail(identity, reading.reason)
            return False
        device.answered_at = now
        device.told = hash(body) if body else None
        state = state_of(reading)
        if state is not device.state or reading.reason != device.reason:
            self._set_state(device, state, reading.reason)
        if reading.values != device.values:
            self._set_values(device, reading.values)
        return reading.info is not None and self._learn_info(device, reading.info)

    def repeated(self, identity: str, body: bytes, now: float) -> Device | None:
        """Return the device if these are the bytes it was learnt from; what they say is young."""
        device = self.devices.get(identity)
        if device is None or device.told is None or device.told != hash(body):
            return None
        device.answered_at = now
        return device

    def forget_answers(self) -> None:
        """Take no answer for a repeated one: the same bytes may mean something else now."""
        for device in self.devices.values():
            device.told = None

    def fail(self, identity: str, reason: str) -> None:
        """Note that no answer came; a status that is known holds until it is too old."""
        device = self.devices.get(identity)
        if device is None:
            return
        device.told = None
        if device.state in KNOWN:
            device.reason = reason
        else:
            state = device.state if device.state is State.STALE else State.UNKNOWN
            self._set_state(device, state, reason)

    def expire(self, now: float) -> float:
        """Forget statuses that are older than `max_age`; return when the next one will be."""
        limit = now - self.max_age
        for number, oldest in enumerate(self._oldest):
            if oldest > limit:
                continue
            left = math.inf
            for device in self._slots[number * CHUNK_LINES : (number + 1) * CHUNK_LINES]:
                if device is None or not (device.state in KNOWN or device.values):
                    continue
                if device.answered_at > limit:
                    left = min(left, device.answered_at)
                else:
                    device.told = None
                    self._set_state(device, State.STALE, device.reason or Reason.STALE.value)
                    self._set_values(device, NOTHING)
            self._oldest[number] = left
        return min(self._oldest, default=math.inf) + self.max_age

    def chunks(self, family: str) -> Iterable[Ready]:
        """Return the chunks of one metric family."""
        section = self._sections.get(family)
        if section is None:
            # The families of the old names are none of a source's.
            return (self._figures_ready(family),) if family in _OF_FIGURES else ()
        ready = section.ready()
        # While the source is down its devices are unknown for that reason alone.
        return ready if family != self._unknown.name or self.figures.up else ()

    def known(self) -> Iterator[tuple[str, Mapping[str, str], bool | None]]:
        """Yield identity, info and status (None: unknown) of each device with an info."""
        for device in self.devices.values():
            if device.vendor_info is not None:
                online = device.state is State.ONLINE if device.state in KNOWN else None
                yield device.identity, self._served_info(device, device.vendor_info), online

    def info_of(self, identity: str) -> Mapping[str, str] | None:
        """Return what the vendor told of a device."""
        device = self.devices.get(identity)
        if device is None or device.vendor_info is None:
            return None
        return unpack(device.vendor_info, self._kind.info_labels)

    def _figures_ready(self, family: str) -> Ready:
        plain = self.figures.lines(family)
        ready = self._packed.get(family)
        if ready is None or ready.plain != plain:
            ready = self._packed[family] = Ready.of(plain)
        return ready

    def _add(self, identity: str, name: str, info: Mapping[str, str] | None) -> None:
        if self._free:
            slot = self._free.pop()
        else:
            slot = len(self._slots)
            self._slots.append(None)
            if slot % CHUNK_LINES == 0:
                self._oldest.append(math.inf)
        device = Device(identity, name, slot)
        if info is not None:
            device.vendor_info = pack(info, self._kind.info_labels)
        self._slots[slot] = self.devices[identity] = device
        self.figures.devices[device.state.value] += 1
        self._show_info(device)

    def _remove(self, device: Device) -> None:
        for family in self._sections:
            self._put(family, device, b"")
        self.figures.devices[device.state.value] -= 1
        self.repaired.pop(device.identity, None)
        self._slots[device.slot] = None
        self._free.append(device.slot)

    def _set_state(self, device: Device, state: State, reason: str) -> None:
        self.figures.devices[device.state.value] -= 1
        self.figures.devices[state.value] += 1
        device.state, device.reason = state, reason
        labels = {**self._labels, self._kind.identity: device.identity}
        status = unknown = b""
        if state in KNOWN:
            status = self._status.line(labels, state is State.ONLINE)
            self._note_age(device)
        else:
            unknown = self._unknown.line({**labels, "reason": reason}, 1)
        self._put(self._status.name, device, status)
        self._put(self._unknown.name, device, unknown)

    def _put(self, family: str, device: Device, line: bytes) -> None:
        self.changes += self._sections[family].put(device.slot, line)

    def _set_values(self, device: Device, values: Mapping[str, float]) -> None:
        device.values = values
        labels = {**self._labels, self._kind.identity: device.identity}
        for name, metric in self._values.items():
            line = metric.line(labels, values[name]) if name in values else b""
            self._put(metric.name, device, line)
        if values:
            self._note_age(device)

    def _note_age(self, device: Device) -> None:
        chunk = device.slot // CHUNK_LINES
        self._oldest[chunk] = min(self._oldest[chunk], device.answered_at)

    def _learn_info(self, device: Device, told: Mapping[str, str]) -> bool:
        unfit = [label for label, text in told.items() if metrics.safe_text(text) != text]
        if unfit:
            self.repaired[device.identity] = ", ".join(unfit)
        else:
            self.repaired.pop(device.identity, None)
        info = pack(told, self._kind.info_labels)
        if info == device.vendor_info:
            return False
        device.vendor_info = info
        self._show_info(device)
        return True

    def _show_info(self, device: Device) -> None:
        line = b""
        if device.vendor_info is not None:
            served = self._served_info(device, device.vendor_info)
            labels = {**served, **self._labels, self._kind.identity: device.identity}
            line = self._info.line(labels, 1)
        self._put(self._info.name, device, line)

    def _served_info(self, device: Device, info: bytes) -> Mapping[str, str]:
        """Return the labels; Remosa's name of the device stands in for one the vendor lacks."""
        told = unpack(info, self._kind.info_labels)
        return {**told, "name": told.get("name") or device.name}
