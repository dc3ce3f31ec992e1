"""What can befall several daemons at once, who sees it, and whom to compare; one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .fleet.incident import Scope
from .fleet.members import CLEAR, Member
from .verdict import Verdict

#: Of these nothing can be told but that they are silent.
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
        return member.service >= CLEAR
    # Without working times a daemon that keeps up is at least not slow enough to show.
    return False if member.diagnosis.verdict is Verdict.OK else None


def _failing(member: Member) -> bool | None:
    return None if member.diagnosis.verdict is Verdict.IDLE else False


def _starved(member: Member) -> bool | None:
    return None if member.diagnosis.verdict is Verdict.IDLE else False


def _silent(member: Member) -> bool | None:
    return silent(member)


@dataclass(frozen=True)
class Symptom:
    """One row: ``verdicts`` that have it, ``coping`` tells of daemons that are well with it."""

    name: str
    verdicts: frozenset[Verdict]
    #: Tried in this order: the first that fits explains.
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
        return next((one for one in held if one in self.verdicts), held[0])

    def seen_by(self, member: Member) -> bool | None:
        """Return whether the daemon sees it, well or not; None when it cannot tell."""
        if self.ails(member):
            return True
        if self is not SILENT and member.diagnosis.verdict in DARK:
            return None
        return self.coping(member)


SILENT = Symptom("silence", DARK, (Scope.BUS, Scope.HOST), _silent)
STARVED = Symptom("nothing arrives", frozenset({Verdict.STARVED}), (Scope.BUS, Scope.HOST),
                  _starved)
SURGE = Symptom("surge", frozenset({Verdict.SURGE, Verdict.BOTH}), (Scope.BUS, Scope.TOPIC),
                _surge)
SLOW = Symptom("slowness", frozenset({Verdict.SLOW, Verdict.BOTH, Verdict.STALLED,
                                      Verdict.WORKERS_LOST}),
               (Scope.DEPENDENCY, Scope.HOST, Scope.BUS), _slow)
FAILING = Symptom("failures", frozenset({Verdict.ERRORS, Verdict.RETRIES}),
                  (Scope.DEPENDENCY, Scope.HOST, Scope.BUS), _failing)
#: What explains most comes first: a daemon that is silent is asked nothing else, and a surge
#: makes daemons slow more often than slowness makes a surge.
SYMPTOMS = (SILENT, STARVED, SURGE, SLOW, FAILING)
