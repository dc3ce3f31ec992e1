"""Past hours packed into little memory; unpacked each time they are read.

A baseline looks at its hours once an hour; a thousand daemons' hours as objects hold 300 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from math import isnan
from typing import overload

from collectd_fedmsg.diagnosis.hours import Hour

NUMBERS = tuple(field.name for field in fields(Hour) if field.name not in ("topics", "costs"))
_NONE: Mapping[str, float] = {}


class PackedHours(Sequence[Hour]):
    """Hours, oldest first; unknown numbers are kept as NaN, which no hour holds."""

    def __init__(self, hours: Iterable[Hour]) -> None:
        self._rows = array("d")
        #: Only of hours that know their topics: by place.
        self._by_topic: dict[int, tuple[Mapping[str, float], Mapping[str, float]]] = {}
        for place, hour in enumerate(hours):
            values = (getattr(hour, name) for name in NUMBERS)
            self._rows.extend(float("nan") if value is None else value for value in values)
            if hour.topics or hour.costs:
                self._by_topic[place] = (hour.topics, hour.costs)

    def __len__(self) -> int:
        return len(self._rows) // len(NUMBERS)

    def __iter__(self) -> Iterator[Hour]:
        return (self._hour(place) for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Hour: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Hour]: ...
    def __getitem__(self, place: int | slice) -> Hour | Sequence[Hour]:
        """Return one hour, or a list of some."""
        places = range(len(self))[place]
        if isinstance(places, range):
            return [self._hour(place) for place in places]
        return self._hour(places)

    def _hour(self, place: int) -> Hour:
        first = place * len(NUMBERS)
        known = {
            name: value
            for name, value in zip(NUMBERS, self._rows[first : first + len(NUMBERS)])
            if not isnan(value)
        }
        topics, costs = self._by_topic.get(place, (_NONE, _NONE))
        return Hour(**known, topics=topics, costs=costs)
