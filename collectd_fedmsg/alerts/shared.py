"""Which subjects suffer together, so that one trouble of many is one notice; pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnosis.fleet import incidents
from ..diagnosis.incident import Incident
from ..diagnosis.siblings import Member, member
from .observation import Observation
from .records import Subject


def shared(observations: Iterable[Observation]) -> dict[Subject, Incident]:
    """Return the incident of every subject that suffers together with others."""
    members: list[Member] = []
    subjects: dict[str, Subject] = {}
    for seen in observations:
        if seen.diagnosis is not None:
            subject = seen.subject
            members.append(member(subject.id, subject.host, seen.diagnosis, seen.history))
            subjects[subject.id] = subject
    if sum(not one.diagnosis.verdict.healthy for one in members) < 2:
        return {}
    return {subjects[name]: one for one in incidents(members) if one.shared
            for name in one.members}
