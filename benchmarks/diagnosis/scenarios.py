"""The labelled scenarios of one daemon; labels come from the parameters, never from the series."""

from __future__ import annotations

from collections.abc import Iterator

from .cases import Case
from .faulty import Faulty
from .growing import Growing
from .well import Well

MAGNITUDES = (1.2, 2.0, 8.0, 20.0)


class Scenarios(Growing, Well, Faulty):
    """All cases of one daemon, always in this order: a case's place is its seed."""

    def __iter__(self) -> Iterator[Case]:
        for m in MAGNITUDES:
            yield from self._growth(m)
            yield from self._aftermath(m)
        yield from self._fine()
        yield from self._work()
        yield from self._telemetry()
        yield from self._life()
