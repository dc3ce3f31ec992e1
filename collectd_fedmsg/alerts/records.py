"""The records of alerting: subjects, alerts and notices; computes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..names import escape

#: Mild first. The words are Nagios', Alertmanager's and collectd's.
SEVERITIES = ("info", "warning", "critical")


def worse(first: str, second: str) -> str:
    """Return the worse of two severities."""
    return max(first, second, key=SEVERITIES.index)


@dataclass(frozen=True)
class Subject:
    """What an alert is about: a consumer, or with empty names a whole host."""

    host: str
    service: str = ""
    consumer: str = ""

    @property
    def id(self) -> str:
        """Return ``host/service/consumer`` as the dashboard writes it; a host alone is itself."""
        return "/".join(escape(part) for part in (self.host, self.service, self.consumer) if part)

    @property
    def words(self) -> str:
        """Return the subject for a sentence."""
        if not self.service:
            return f"collectd on {self.host}"
        return f"{self.consumer} of {self.service} on {self.host}"


@dataclass(frozen=True)
class Ack:
    """An acknowledgement: no more reminders. ``at`` in seconds since the epoch."""

    by: str
    at: float
    comment: str = ""


@dataclass(frozen=True)
class Reason:
    """What explains an alert: the verdict's name, its evidence, what to do."""

    cause: str
    why: tuple[str, ...]
    action: str
    #: The incident's id; empty: it concerns this subject alone.
    incident: str = ""


@dataclass(frozen=True)
class Alert:
    """One alert of one subject by one rule, from its raise to its clear.

    Times in seconds since the epoch; ``value``, ``peak`` and ``limit`` in ``unit``.
    """

    id: str
    rule: str
    kind: str
    subject: Subject
    severity: str
    #: When it was first seen bad; ``raised`` is after the hold.
    since: float
    raised: float
    unit: str
    value: float
    limit: float
    peak: float
    #: Messages that waited at the beginning or arrived until the last bad sample.
    affected: float = 0.0
    cleared: float | None = None
    #: Raises within the flapping window when there were too many, else 0.
    flapping: int = 0
    #: The verdict that explains it, or the rule's kind.
    cause: str = ""
    #: Id of the incident that it shares with others; empty: it concerns this subject alone.
    incident: str = ""
    why: tuple[str, ...] = ()
    action: str = ""
    #: Why it was closed, unless good samples closed it.
    note: str = ""
    ack: Ack | None = None
    #: When its severity last grew after the raise, epoch seconds.
    worse_since: float | None = None
    #: Names of the outputs that get its notices; empty: all.
    outputs: tuple[str, ...] = ()
    #: Seconds between reminders; 0: none.
    repeat: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self)

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Alert:
        """Return the record that ``to_json`` gave; unknown fields are dropped."""
        known = {key: raw[key] for key in cls.__dataclass_fields__ if key in raw}
        ack = known.get("ack")
        known.update(
            subject=Subject(**raw["subject"]),
            why=tuple(raw.get("why", ())),
            outputs=tuple(raw.get("outputs", ())),
            ack=Ack(**ack) if ack else None,
        )
        return cls(**known)

    def with_ack(self, ack: Ack | None) -> Alert:
        """Return the alert as acknowledged, or not any more."""
        return replace(self, ack=ack)


@dataclass(frozen=True)
class Notice:
    """What is sent at once: the alerts of a group that are open, and those that are over.

    ``id`` is the same whenever the same notice is made again: receivers may rely on it.
    """

    id: str
    group: str
    #: raised, worse, cleared or reminder.
    kind: str
    #: Epoch seconds.
    at: float
    severity: str
    #: Open, the worst first.
    alerts: tuple[Alert, ...]
    over: tuple[Alert, ...] = ()
    #: Ids of the alerts reported for the first time, and of those that became worse.
    fresh: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def digest(*parts: object) -> str:
    """Return the same 16 hex digits for the same parts: what makes sending idempotent."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
