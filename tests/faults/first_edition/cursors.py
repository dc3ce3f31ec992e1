"""Remember, per endpoint, which samples were dispatched; decide which of a reply are new.

Pure but for ``load`` and ``save``. Refuses duplicates, replies of a run that has ended,
samples that go back in time and an endpoint that claims another daemon's name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .sample import Sample
from .wire import Reply, Request


@dataclass
class Cursor:
    """Where one endpoint stands: its run, the last number taken, each consumer's backlog then."""

    service: str = ""
    run: str | None = None
    after: int | None = None
    #: Messages in the backlog at the last sample, by consumer: what the daemon's end loses.
    backlog: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """A run of a daemon is over; ``lost``: its backlog by consumer at the last sample."""

    service: str
    lost: Mapping[str, int]


class Cursors:
    """Where each endpoint stands, and the last time (s) dispatched of each series."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._times: dict[str, float] = {}

    def request(self, endpoint: str) -> Request:
        """Return what to ask an endpoint next."""
        cursor = self._cursors.get(endpoint, Cursor())
        return Request(cursor.run, cursor.after)

    def accept(self, endpoint: str, reply: Reply) -> tuple[list[Sample], Ended | None]:
        """Return the new samples of a reply, oldest first, and the run it replaces, if any."""
        cursor = self._cursors.get(endpoint)
        ended = None
        if cursor is None or cursor.run != reply.origin.run:
            ended = self.end(endpoint) if cursor else None
            cursor = Cursor(reply.origin.service, reply.origin.run)
            self._cursors[endpoint] = cursor
        fresh = []
        for number, sample in reply.samples:
            if cursor.after is not None and number <= cursor.after:
                continue
            cursor.after = number
            cursor.backlog[sample.consumer] = sample.backlog
            series = f"{reply.origin.host}/{cursor.service}/{sample.consumer}"
            if sample.time > self._times.get(series, 0.0):
                self._times[series] = sample.time
                fresh.append(sample)
        return fresh, ended

    def end(self, endpoint: str) -> Ended:
        """Forget an endpoint whose daemon is gone."""
        cursor = self._cursors.pop(endpoint)
        lost = {name: count for name, count in cursor.backlog.items() if count}
        return Ended(cursor.service, lost)

    def known(self) -> list[str]:
        """Return the endpoints that answered and have not ended."""
        return list(self._cursors)

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        beside = path.with_name(f"{path.name}.new")
        state = {
            "cursors": {key: asdict(one) for key, one in self._cursors.items()},
            "times": self._times,
        }
        beside.write_text(json.dumps(state))
        beside.replace(path)

    def load(self, path: Path) -> None:
        """Read back what was saved; a missing file leaves nothing.

        Raises:
            ValueError: the file is not one of ours.
        """
        if not path.exists():
            return
        try:
            raw = json.loads(path.read_text())
            self._cursors = {key: Cursor(**one) for key, one in raw["cursors"].items()}
            self._times = {key: float(at) for key, at in raw["times"].items()}
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"{path}: {error}") from error
