"""A daemon as its siblings see it: its diagnosis, and how its rates stand to the usual ones.

A daemon that copes with three times its usual arrivals is well, and is a witness of a surge
all the same. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..history import PERSIST, History, window
from ..stats import SIGMAS
from ..verdict import Diagnosis, Verdict
from .incident import Scope

#: Points that present rates are the mean of: six late or early samples even out.
RECENT = 6
#: Twice the usual: less is within the day's ups and downs that a baseline of hours blurs.
CLEAR = 2.0
#: Messages that must have ended before their mean duration says anything: its error is then
#: a third even when durations scatter as much as an exponential's.
MIN_MESSAGES = 10


@dataclass(frozen=True)
class Member:
    """One daemon of the fleet. Ratios are to the usual of this hour; None is not known.

    Times per message are compared with earlier hours only: what this hour says of itself may be
    of a surge or its drain, in which messages are handled in batches.
    """

    id: str
    host: str
    diagnosis: Diagnosis
    #: Arrival rate over the usual one; None also when nothing usually arrives.
    arrivals: float | None = None
    #: Whether the arrivals are above usual by more than chance.
    surging: bool | None = None
    #: Worker time per message over the usual one.
    service: float | None = None
    #: Whether that is twice the usual by more than chance; False when it is less than twice.
    slower: bool | None = None
    #: Messages in the backlog.
    waiting: float | None = None
    #: Whether no numbers come from it, which other missing evidence is not.
    silent: bool = False
    history: History | None = None

    @property
    def since(self) -> float | None:
        """Return when the cause began, epoch seconds."""
        return self.diagnosis.findings[0].since

    @property
    def topic(self) -> str | None:
        """Return the topic that the cause is blamed on."""
        return self.diagnosis.findings[0].topic

    def over(self, since: float | None) -> Member:
        """Return the member with its ratios from ``since`` (epoch seconds) to its last point.

        Where a surge was coped with it may be over while a sibling still has its backlog.
        """
        history, usual = self.history, self.diagnosis.usual
        if history is None or usual is None:
            return self
        points = (
            RECENT if since is None else max(RECENT, round((history.end - since) / history.step))
        )
        recent = window(history, len(history) - points, len(history))
        arrivals = surging = service = slower = None
        if recent.seconds:
            expected = usual.received * recent.seconds
            arrivals = recent.received / expected if expected else None
            error = (usual.dispersion * expected + 1) ** 0.5
            surging = (
                recent.received >= CLEAR * expected and recent.received - expected > SIGMAS * error
            )
        ended, based = recent.processed, self.diagnosis.based
        if recent.busy is not None and ended >= MIN_MESSAGES and usual.service and based:
            service = recent.busy / ended / usual.service
            chance = service - 1 < SIGMAS * usual.variation / ended**0.5
            slower = None if service >= CLEAR and chance else service >= CLEAR
        return replace(self, arrivals=arrivals, surging=surging, service=service, slower=slower)


def member(name: str, host: str, diagnosis: Diagnosis, history: History | None) -> Member:
    """Return a daemon as a member of its fleet.

    Args:
        name: its id, unique in the fleet.
        host: where it runs.
        diagnosis, history: what was said, and of what; None when there was nothing to judge.
    """
    if history is None or not len(history):
        return Member(name, host, diagnosis, silent=True)
    waiting = next((x for x in reversed(history.backlog) if x is not None), None)
    silent = diagnosis.now - history.end + history.clock_ahead > PERSIST * history.step
    return Member(name, host, diagnosis, waiting=waiting, silent=silent, history=history).over(None)


#: Verdicts of daemons that send no numbers: they are asked nothing else.
DARK = frozenset({Verdict.DOWN, Verdict.TELEMETRY_LOST, Verdict.UNKNOWN})


def silent(member: Member) -> bool:
    """Return whether no numbers come: other things that are missing are no silence."""
    return member.silent or member.diagnosis.verdict in (Verdict.DOWN, Verdict.TELEMETRY_LOST)


def _surge(member: Member) -> bool | None:
    return member.surging


def _slow(member: Member) -> bool | None:
    if member.diagnosis.verdict is Verdict.IDLE:
        return None  # who handles nothing cannot tell
    if member.service is not None:
        return member.slower
    # Where its usual time is not known, a daemon that keeps up is not slow enough to show.
    return False if member.diagnosis.verdict is Verdict.OK else None


def _failing(member: Member) -> bool | None:
    return None if member.diagnosis.verdict is Verdict.IDLE else False


def _starved(member: Member) -> bool | None:
    return None if member.diagnosis.verdict is Verdict.IDLE else False


def _silent(member: Member) -> bool | None:
    return silent(member)


@dataclass(frozen=True)
class Symptom:
    """One row: the ``verdicts`` that show it; ``coping`` asks daemons that are well."""

    name: str
    verdicts: frozenset[Verdict]
    #: Tried in this order: the first scope whose members suffer together is named.
    scopes: tuple[Scope, ...]
    coping: Callable[[Member], bool | None]

    def ails(self, member: Member) -> bool:
        """Return whether the daemon suffers from it."""
        if self is SILENT:
            return silent(member)
        return not self.verdicts.isdisjoint(member.diagnosis.verdicts)

    def verdict_of(self, member: Member) -> Verdict:
        """Return the verdict by which the daemon suffers from it."""
        held = member.diagnosis.verdicts
        return next((verdict for verdict in held if verdict in self.verdicts), held[0])

    def seen_by(self, member: Member) -> bool | None:
        """Return whether the daemon sees it, well or not; None when it cannot tell."""
        if self.ails(member):
            return True
        if self is not SILENT and member.diagnosis.verdict in DARK:
            return None
        return self.coping(member)


SILENT = Symptom("silence", DARK, (Scope.BUS, Scope.HOST), _silent)
STARVED = Symptom(
    "nothing arrives", frozenset({Verdict.STARVED}), (Scope.BUS, Scope.HOST), _starved
)
SURGE = Symptom("surge", frozenset({Verdict.SURGE, Verdict.BOTH}), (Scope.BUS, Scope.TOPIC), _surge)
SLOW = Symptom(
    "slowness",
    frozenset({Verdict.SLOW, Verdict.BOTH, Verdict.STALLED, Verdict.WORKERS_LOST}),
    (Scope.DEPENDENCY, Scope.HOST, Scope.BUS),
    _slow,
)
FAILING = Symptom(
    "failures",
    frozenset({Verdict.ERRORS, Verdict.RETRIES}),
    (Scope.DEPENDENCY, Scope.HOST, Scope.BUS),
    _failing,
)
#: What explains most comes first: a daemon that is silent is asked nothing else, and a surge
#: makes daemons slow more often than slowness makes a surge.
SYMPTOMS = (SILENT, STARVED, SURGE, SLOW, FAILING)
