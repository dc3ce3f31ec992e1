"""What cannot be asked for again is kept in order, within a bound."""

from __future__ import annotations

from collectd_fedmsg.collector.outage import OutageBuffer
from collectd_fedmsg.collector.sources.base import PartialSample, SampleOrigin

ORIGIN = SampleOrigin("old", 10.0)


def harvest_entry(at: int, consumers: int = 2) -> tuple[str, SampleOrigin, list[PartialSample]]:
    return "ipc:///x", ORIGIN, [PartialSample(f"C{n}", float(at)) for n in range(consumers)]


def times(entries: list) -> list[float]:  # type: ignore[type-arg]
    return [samples[0].time for _, _, samples in entries]


def test_released_once_and_remembered() -> None:
    """Oldest first; released, it waits no more, and can be stored once more."""
    buffer = OutageBuffer(100)
    buffer.add([harvest_entry(1)])
    buffer.add([harvest_entry(2), harvest_entry(3)])
    assert buffer.stored() == []
    assert times(buffer.release()) == [1, 2, 3]
    assert buffer.release() == []
    buffer.add([harvest_entry(4)])
    assert times(buffer.stored()) == [1, 2, 3]
    assert times(buffer.release()) == [4]
    assert times(buffer.stored()) == [1, 2, 3, 4]


def test_bounded_by_samples() -> None:
    """The oldest go, whole, on either side; one answer that is too much by itself goes too."""
    buffer = OutageBuffer(5)
    for at in range(1, 5):
        buffer.add([harvest_entry(at)])
    assert times(buffer.release()) == [3, 4]
    buffer.add([harvest_entry(5), harvest_entry(6)])
    buffer.release()
    assert times(buffer.stored()) == [5, 6]
    buffer.add([harvest_entry(7, consumers=9)])
    assert buffer.release() == []
