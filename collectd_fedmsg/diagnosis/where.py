"""Where a slow daemon spends its time, what fails in it and since which change, in words.

From its samples' evidence. Refuses to blame a place while the interpreter was full, and says
nothing without evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..humanize import count, duration, topic_name
from ..protocol.changes import Change
from ..protocol.evidence import FULL, InHand
from ..protocol.sample import Sample
from .place_words import Part, function_of, in_words, is_lock
from .since_change import since_change
from .verdict import Diagnosis, Verdict

#: Verdicts that slow processing explains, that a hanging message explains, that failures explain.
SLOW = {Verdict.SLOW, Verdict.BOTH, Verdict.SATURATED, Verdict.CREEP}
HANGING = {*SLOW, Verdict.STALLED, Verdict.WORKERS_LOST, Verdict.STARVED}
FAILING = {Verdict.ERRORS, Verdict.RETRIES, Verdict.POISON}
#: Severity from which on a verdict is explained: somebody should look today.
MIN_SEVERITY = 2
#: Seconds before the change that are taken for usual, and of stacks that are too few to say.
USUAL_SECONDS, MIN_SECONDS = 1800.0, 0.3
#: Of the time that a lock's holder would have by its waiters' time, this much tells that it is one.
HOLDER_SHARE = 0.5
#: Ends a sentence's part that says how much longer a message takes.
MEASURED = "per message"
#: A part of the time that is named, and places that are.
MIN_SHARE, MAX_NAMED = 0.1, 2
#: Seconds that a change is looked back for when nobody says when it was.
RECENT_SECONDS = 300.0


def with_evidence(
    diagnosis: Diagnosis, samples: Sequence[Sample], changes: Sequence[Change] = ()
) -> Diagnosis:
    """Return a diagnosis with what its daemon says of the cause; the same for every reader.

    The change that the trouble follows joins the first sentence; the daemon's own come next.

    Args:
        samples: of one consumer and run, oldest first; none where nothing is known.
        changes: of the daemon, in any order.
    """
    cause = diagnosis.findings[0]
    if cause.verdict.severity < MIN_SEVERITY or cause.verdict in (
        Verdict.DOWN,
        Verdict.TELEMETRY_LOST,
    ):
        return diagnosis
    own = explained(samples, cause.verdict, cause.since, diagnosis.now)
    since = since_change(changes, cause.since)
    if not own and not since:
        return diagnosis
    if own and cause.evidence and MEASURED in cause.evidence[0]:
        # Two measures of the same, a little different, would only puzzle.
        own = (own[0].rpartition(f"{MEASURED}; ")[2], *own[1:])
    first = ", ".join(part for part in (*cause.evidence[:1], since) if part)
    evidence = (*((first,) if first else ()), *own, *cause.evidence[1:])
    findings = (replace(cause, evidence=evidence), *diagnosis.findings[1:])
    return replace(diagnosis, findings=findings)


def explained(
    samples: Sequence[Sample], verdict: Verdict, since: float | None, now: float | None = None
) -> tuple[str, ...]:
    """Return sentences that say at what, for one consumer's samples of one run, oldest first.

    Args:
        verdict: what ails it.
        since: when that began, epoch seconds; None: lately.
        now: epoch seconds; None: the newest sample's.
    """
    if not samples:
        return ()
    began = samples[-1].time - RECENT_SECONDS if since is None else since
    sentences: list[str] = []
    if verdict in SLOW:
        sentences += _slow(samples, began)
    if verdict in HANGING and samples[-1].in_hand:
        # What hangs goes on to age after the sample.
        later = 0.0 if now is None else max(0.0, now - samples[-1].time)
        oldest = samples[-1].in_hand[0]
        sentences.append(_hanging(oldest._replace(age=oldest.age + later)))
    if verdict in FAILING:
        sentences += _failing(samples, began)
    return tuple(sentences)


def parts(samples: Sequence[Sample], since: float) -> tuple[Part, ...]:
    """Return the places' parts of the time that was added since a moment, the largest first.

    Of all the time since then when nothing of before is known, or messages take no longer.
    """
    before, after = _split(samples, since)
    now, usual = _grown(after), _grown(before)
    looked, known = sum(now.values()), sum(usual.values())
    if looked < MIN_SECONDS:
        return ()
    cost, old_cost = _cost(after), _cost(before)
    ranked = []
    for place, seconds in now.items():
        share = seconds / looked
        old = usual.get(place, 0.0) / known if known >= MIN_SECONDS else None
        if old is not None and cost and old_cost and cost > old_cost:
            share = (share * cost - old * old_cost) / (cost - old_cost)
        if place[0]:
            ranked.append(Part(*place, max(0.0, min(1.0, share)), old))
    ranked.sort(key=lambda part: -part.share)
    return tuple(_holders_first(ranked, samples[-1].workers))


def _holders_first(ranked: Sequence[Part], workers: int) -> list[Part]:
    """Return the places with waits for a lock after the place of the worker that holds it.

    While one of n workers does something slow within a lock, n - 1 wait for it: their time is n - 1
    times that of the cause. Of a lock that is held elsewhere no worker's time tells.
    """
    others = [part for part in ranked if not is_lock(part)]
    most = max((part.share for part in ranked if is_lock(part)), default=0.0)
    if workers < 2 or not others or others[0].share < HOLDER_SHARE * most / (workers - 1):
        return list(ranked)
    return [others[0], *(part for part in ranked if part is not others[0])]


def _slow(samples: Sequence[Sample], since: float) -> list[str]:
    before, after = _split(samples, since)
    cost, old_cost = _cost(after), _cost(before)
    states: dict[str, float] = defaultdict(float)
    for (_, _, state), seconds in _grown(after).items():
        states[state] += seconds
    if states[FULL] > 0.5 * sum(states.values()):
        return [
            "the interpreter is full: threads were ready and could not run, so that what they"
            " seem to wait for may be the interpreter itself"
        ]
    spent = _grown(after)
    unseen = sum(seconds for (own, _, _), seconds in spent.items() if not own)
    if unseen > 0.5 * sum(spent.values()):
        return [
            "where it spends its time is not seen: most of it the workers' stacks show no function"
            " of the consumer (greenlets, or another thread's work)"
        ]
    added = bool(cost and old_cost and cost > old_cost)
    change = f"{duration(old_cost)} → {duration(cost)} {MEASURED}; " if added else ""
    sentences = []
    for part in parts(samples, since)[:MAX_NAMED]:
        if part.share < MIN_SHARE:
            break
        usual = "" if part.usual is None else f" (usual: {part.usual:.0%} of the time)"
        whole = "the added time" if added else "the time"
        sentences.append(f"{change}{part.share:.0%} of {whole} {in_words(part)}{usual}")
        change = ""
    return sentences


def _hanging(message: InHand) -> str:
    where = in_words(Part(message.own, message.library, message.state, 1.0, None))
    return (
        f"a message of {topic_name(message.topic)} has been in hand for"
        f" {duration(message.age)}: it {where}"
    )


def _failing(samples: Sequence[Sample], since: float) -> list[str]:
    before, after = _split(samples, since)
    known = {row[:3]: row.total for row in before[-1].failures} if before else {}
    grown = [(row.total - known.get(row[:3], 0), row) for row in after[-1].failures]
    sentences = []
    for number, row in sorted(grown, key=lambda item: -item[0])[:MAX_NAMED]:
        if number > 0:
            raised, _, called = row.places.partition("<")
            via = f", called from {function_of(called.partition('<')[0])}" if called else ""
            ago = duration(max(0.0, after[-1].time - row.last))
            sentences.append(
                f"{count(number)} × {row.kind} in {function_of(raised)}{via}, topic"
                f" {topic_name(row.topic)}; last {ago} ago"
            )
    return sentences


def _split(samples: Sequence[Sample], since: float) -> tuple[list[Sample], list[Sample]]:
    """Return the usual before a moment, and what came since; they share the sample between."""
    middle = next((n for n, sample in enumerate(samples) if sample.time > since), len(samples) - 1)
    middle = max(0, middle - 1)
    first = samples[middle].time - USUAL_SECONDS
    return (
        [sample for sample in samples[: middle + 1] if sample.time >= first],
        list(samples[middle:]),
    )


def _grown(span: Sequence[Sample]) -> Mapping[tuple[str, str, str], float]:
    """Return the seconds of worker time by own function, library and state within a span."""
    grown: dict[tuple[str, str, str], float] = defaultdict(float)
    if len(span) < 2:
        return grown
    first: dict[tuple[str, ...], int] = {row[:4]: row.busy for row in span[0].stacks}
    for row in span[-1].stacks:
        # Not named before: it was small then, or nothing.
        seconds = (row.busy - first.get(row[:4], 0)) / 1e6
        if seconds > 0:
            # Whatever the line: a function's time is one.
            grown[row.own.rpartition(":")[0], row.library, row.state] += seconds
    return grown


def _cost(span: Sequence[Sample]) -> float | None:
    """Return worker-seconds per message within a span, None when none ended."""
    if len(span) < 2:
        return None
    done = span[-1].processed - span[0].processed
    return (span[-1].busy - span[0].busy) / 1e6 / done if done > 0 else None
