"""A judgement in lines of text for a terminal; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..humanize import count, rate, span
from .finding import Diagnosis
from .judgement import Judged, Judgement


def lines(whole: Judgement, *, at_length: bool = False) -> Iterator[str]:
    """Yield incidents, then each ailing daemon at length, then the well ones in one line each."""
    for incident in whole.incidents:
        if incident.shared:
            yield f"** {incident.sentence}"
            yield f"   {incident.action}"
    beside = {name: one.beside for one in whole.incidents for name in one.members
              if not one.shared and one.beside}
    ordered = sorted(whole.daemons, key=lambda one: (-one.diagnosis.severity, one.id))
    for one in ordered:
        yield from _daemon(one, beside.get(one.id),
                           at_length or not one.diagnosis.verdict.healthy)


def _daemon(one: Judged, beside: str | None, at_length: bool) -> Iterator[str]:
    found, name = one.diagnosis, f"{one.consumer} of {one.service} on {one.host}"
    cause = found.findings[0]
    if not at_length:
        yield f"{cause.verdict.name:<14} {name}: {'; '.join(cause.evidence[:1])}"
        return
    yield f"{cause.verdict.name:<14} {name} ({cause.certainty:.0%} sure)"
    yield f"    {cause.verdict.meaning} {cause.verdict.action}"
    for finding in found.findings:
        mark = "" if finding is cause else f"{finding.verdict.name}: "
        for sentence in finding.evidence:
            yield f"    - {mark}{sentence}"
    if beside:
        yield f"    - siblings: {beside}"
    yield from _figures(found)
    if found.missing:
        yield f"    missing: {', '.join(found.missing)}"


def _figures(found: Diagnosis) -> Iterator[str]:
    split, drain = found.split, found.drain
    if split is not None and split.growth > 0:
        yield (f"    split: {count(split.excess)} messages by excess arrivals,"
               f" {count(split.lost)} by lost service")
    if drain is not None:
        latest = "never" if drain.latest is None else span(drain.latest)
        yield f"    drained in {span(drain.seconds)} ({span(drain.earliest)} to {latest})"
    if found.doom is not None:
        yield f"    workers full in {span(max(0.0, found.doom - found.now))}"
    usual = found.usual
    if usual is not None and usual.hours:
        service = f", {span(usual.service)} per message" if usual.service is not None else ""
        yield f"    usual: {rate(usual.received)} arrive{service}"
