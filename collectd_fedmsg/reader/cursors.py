"""Remember which samples of each endpoint were dispatched; decide which of a reply are new.

Refuses duplicates, replies of a run that has ended, samples that go back in time, an endpoint
that sends another daemon's series, and a service that belongs to another user.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files import atomic_write, read_file
from ..protocol.sample import Sample
from ..protocol.wire import Reply, Request
from .service_owners import ServiceOwners

#: Consumers of one endpoint that are followed; each is a dozen files and a place in memory.
MAX_CONSUMERS = 1000
#: Consumers of all endpoints of one user: of each some hundred bytes are saved in each round.
MAX_OF_USER = 16_384
#: Rounds for which a silent daemon's series are kept from another daemon of its name.
MISSED_ROUNDS = 3
#: Series whose last time is remembered after their daemon has gone.
MAX_TIMES = 100_000
#: Bytes of a file of cursors.
MAX_BYTES = 64 << 20


@dataclass
class Cursor:
    """The position in one endpoint's samples: run, sequence number, each consumer's state."""

    service: str = ""
    run: str | None = None
    after: int | None = None
    #: Messages in the backlog at the last sample, by consumer: what the daemon's end loses.
    backlog: dict[str, int] = field(default_factory=dict)
    #: Received and processed at the last sample, by consumer: within a run they never shrink.
    totals: dict[str, list[int]] = field(default_factory=dict)
    #: Whose daemon it is; empty: of no user of this host.
    user: str = ""


@dataclass(frozen=True)
class Ended:
    """A run of a daemon is over; ``lost``: its backlog by consumer at the last sample."""

    service: str
    lost: Mapping[str, int]


@dataclass(frozen=True)
class Taken:
    """What one reply brought: new samples, the run it replaces, what was refused and why."""

    fresh: list[Sample]
    ended: Ended | None = None
    refused: str = ""


class Cursors:
    """The cursor of each endpoint, and the last time (s) dispatched of each series."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._times: dict[str, float] = {}
        self._owners: dict[str, str] = {}
        self._silent: dict[str, int] = {}
        self._of_user: Counter[str] = Counter()
        self.owners = ServiceOwners()

    def request(self, endpoint: str) -> Request:
        """Return what to ask an endpoint next."""
        cursor = self._cursors.get(endpoint, Cursor())
        return Request(cursor.run, cursor.after)

    def accept(self, endpoint: str, reply: Reply, place: str = "", user: str = "") -> Taken:
        """Return the new samples of a reply, oldest first.

        Args:
            endpoint: where it came from; never what the reply says of itself.
            reply: what the daemon there answered.
            place: the host that its series get; empty: this one.
            user: whose daemon answered; empty: of no user of this host.
        """
        service = reply.origin.service
        names = {sample.consumer for _, sample in reply.samples}
        keys = {name: _series(place, service, name) for name in names}
        rival = self._rival(endpoint, service, keys)
        if rival:
            return Taken([], refused=rival)
        cursor = self._cursors.get(endpoint)
        ended = None
        if cursor is None or cursor.run != reply.origin.run:
            ended = self.end(endpoint) if cursor else None
            cursor = Cursor(service, reply.origin.run, user=user)
            self._cursors[endpoint] = cursor
        fresh: list[Sample] = []
        refused = ""
        for number, sample in reply.samples:
            if cursor.after is not None and number <= cursor.after:
                continue
            cursor.after = number
            wrong = _implausible(cursor, sample) or self._one_too_many(cursor, sample)
            if wrong:
                refused = wrong
                continue
            self._of_user[cursor.user] += sample.consumer not in cursor.backlog
            cursor.backlog[sample.consumer] = sample.backlog
            cursor.totals[sample.consumer] = [sample.received, sample.processed]
            series = keys[sample.consumer]
            self._owners[series] = endpoint
            last = self._times.get(series, 0.0)
            if sample.time > last:
                self._times[series] = sample.time
                fresh.append(sample)
            elif last - sample.time > 2 * reply.origin.interval:
                refused = (
                    f"its clock was set back: nothing of {sample.consumer!r:.80} can be stored"
                    f" for another {last - sample.time:.0f} s, or until: collectd-fedmsg rewind"
                )
        # What was not legible in it is not asked for again.
        cursor.after = max(reply.last, -1 if cursor.after is None else cursor.after)
        return Taken(fresh, ended, refused)

    def missed(self, endpoints: Iterable[str]) -> None:
        """Note the endpoints that did not answer; forget those that are no longer asked."""
        self._silent = {endpoint: self._silent.get(endpoint, 0) + 1 for endpoint in endpoints}

    def dispatched(self, place: str, service: str, consumer: str) -> float:
        """Return the time (s) of the last sample that was returned as fresh, 0 without one."""
        return self._times.get(_series(place, service, consumer), 0.0)

    def end(self, endpoint: str) -> Ended:
        """Forget an endpoint whose daemon is gone."""
        cursor = self._cursors.pop(endpoint)
        self._of_user[cursor.user] -= len(cursor.backlog)
        self._silent.pop(endpoint, None)
        self._owners = {key: owner for key, owner in self._owners.items() if owner != endpoint}
        if len(self._times) > MAX_TIMES:
            # The newest half; a series that comes back after that starts again.
            kept = sorted(self._times.items(), key=lambda item: item[1])[MAX_TIMES // 2 :]
            self._times = dict(kept)
        lost = {name: count for name, count in cursor.backlog.items() if count}
        return Ended(cursor.service, lost)

    def newest(self) -> float:
        """Return the latest time (s) of any sample that was returned as fresh, 0 without one."""
        return max(self._times.values(), default=0.0)

    def set_back(self, now: float) -> None:
        """Unblock series whose last time is later than ``now`` (s): a clock was set back."""
        self._times = {key: min(at, now) for key, at in self._times.items()}

    def known(self) -> list[str]:
        """Return the endpoints that answered and have not ended."""
        return list(self._cursors)

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        state = {
            # Not asdict, whose deep copies were a tenth of a read of a thousand daemons.
            "cursors": {key: vars(cursor) for key, cursor in self._cursors.items()},
            "times": self._times,
            "owners": self._owners,
            "users": self.owners.users,
        }
        atomic_write(path, json.dumps(state).encode(), durable=False)

    def load(self, path: Path) -> None:
        """Read back what was saved, by this edition or an older one; nothing without a file.

        Raises:
            ValueError: the file is not one of ours.
        """
        if not path.exists():
            return
        try:
            raw = json.loads(read_file(path, MAX_BYTES, ours=True))
            cursors = {str(key): _cursor(row) for key, row in raw["cursors"].items()}
            times = {str(key): _time(at) for key, at in raw["times"].items()}
            owners = {str(key): str(owner) for key, owner in raw.get("owners", {}).items()}
            users = ServiceOwners(raw.get("users", {}))
        except (
            TypeError, AttributeError, KeyError, ValueError, OverflowError, RecursionError,
        ) as error:  # fmt: skip
            raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
        self._cursors, self._times, self._owners = cursors, times, owners
        self.owners = users
        self._of_user.clear()
        for cursor in cursors.values():
            self._of_user[cursor.user] += len(cursor.backlog)

    def _one_too_many(self, cursor: Cursor, sample: Sample) -> str:
        new = cursor.user and sample.consumer not in cursor.backlog
        full = new and self._of_user[cursor.user] >= MAX_OF_USER
        return f"more than {MAX_OF_USER} consumers of {cursor.user}" if full else ""

    def _rival(self, endpoint: str, service: str, keys: Mapping[str, str]) -> str:
        """Return an error when another live endpoint sends one of these series already, else empty.

        Two totals in one series would draw a spike at each turn.
        """
        for consumer, series in keys.items():
            owner = self._owners.get(series, endpoint)
            patient = self._silent.get(owner, 0) < MISSED_ROUNDS
            if owner != endpoint and owner in self._cursors and patient:
                return (
                    f"{service}/{consumer!r:.80} is sent by {owner} already:"
                    " give each daemon another collectd_fedmsg.service"
                )
        return ""


def _series(place: str, service: str, consumer: str) -> str:
    return json.dumps([place, service, consumer])


def _implausible(cursor: Cursor, sample: Sample) -> str:
    known = cursor.totals.get(sample.consumer)
    if known is None:
        many = len(cursor.backlog) >= MAX_CONSUMERS and sample.consumer not in cursor.backlog
        return f"more than {MAX_CONSUMERS} consumers" if many else ""
    if sample.received < known[0] or sample.processed < known[1]:
        return f"a total of {sample.consumer!r:.80} shrank within one run"
    return ""


def _time(raw: Any) -> float:
    """Return a saved time; nothing is ever later than an infinite one."""
    if not math.isfinite(raw):
        raise ValueError(f"{raw} is no time")
    return float(raw)


def _cursor(raw: Mapping[str, Any]) -> Cursor:
    """Return a saved cursor, every field of its type: a wrong one would never be answered."""
    cursor = Cursor(**raw)
    pairs = cursor.totals.values()
    numbers = [*cursor.backlog.values(), *(number for pair in pairs for number in pair)]
    if (
        not isinstance(cursor.service, str)
        or not isinstance(cursor.user, str)
        or not isinstance(cursor.run, (str, type(None)))
        or not (cursor.after is None or type(cursor.after) is int)
        or any(type(number) is not int for number in numbers)
        or any(len(pair) != 2 for pair in pairs)
    ):
        raise ValueError(f"{raw!s:.200} is no cursor")
    return cursor
