"""What a store is: daemons, their series, their newest values. Opens nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol, Union

from collectd_fedmsg.metrics import Identity
from collectd_fedmsg.names import escape

from .series import Series


@dataclass(frozen=True)
class Selector:
    """One series of a store that is asked by name: collectd's identity as Prometheus has it."""

    #: ``collectd_fedmsg_queue_length``; a regular expression when ``pattern``.
    name: str
    #: Labels that it must have; ``instance`` is the host.
    labels: tuple[tuple[str, str], ...] = ()
    #: A total that only grows: asked for as a rate per second.
    total: bool = False
    pattern: bool = False


@dataclass(frozen=True)
class Archive:
    """One data source of one RRD file; the first when ``source`` is empty."""

    path: Path
    source: str = ""


Ref = Union[Path, Archive, Selector]


@dataclass(frozen=True)
class Daemon:
    """One consumer of one service of one host, and its series by metric and by topic."""

    host: str
    service: str
    consumer: str
    files: dict[str, Ref] = field(default_factory=dict)
    #: By the names of ``TOPIC_METRICS``, then by topic.
    by_topic: dict[str, dict[str, Ref]] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Return ``host/service/consumer``, each part escaped, so that ids never collide."""
        return "/".join(escape(part) for part in (self.host, self.service, self.consumer))

    def put(self, identity: Identity, ref: Ref) -> None:
        """Add the reference of one series of this daemon."""
        if identity.topic is None:
            self.files[identity.metric] = ref
        else:
            self.by_topic.setdefault(identity.metric, {})[identity.topic] = ref

    @property
    def topics(self) -> Mapping[str, Ref]:
        """Messages received, by topic."""
        return self.by_topic.get("received", {})


class Store(Protocol):
    """Read-only; every method answers within a bounded time.

    Raises:
        SeriesError: one series cannot be read.
        StoreError: the store as a whole cannot answer.
    """

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted."""

    def problems(self) -> Sequence[str]:
        """Return what the listing omitted or could not read again, a sentence each."""

    def prepare(self, refs: Iterable[Ref]) -> None:
        """Make the newest values of these series readable, in one batch."""

    def fetch(self, ref: Ref, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one series of [start, end): a total as units/s, a gauge in its unit."""

    def newest(self, ref: Ref) -> tuple[int, float] | None:
        """Return (epoch seconds, value) of the newest sample; a total's value is the total."""

    def heartbeat(self, ref: Ref) -> int | None:
        """Return the seconds after which a series is unknown; None where that is not stored."""

    def other(self, identity: str) -> Ref | None:
        """Return the series of any collectd identity (``host/plugin/type`` and ``#source``)."""
