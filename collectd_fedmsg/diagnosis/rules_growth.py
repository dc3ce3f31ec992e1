"""Rules 11-14: the backlog grew: who grew it, and does it shrink again?"""

from __future__ import annotations

from .facts import Facts
from .finding import Finding
from .stats import SIGMAS
from .verdict import Verdict
from .words import count, rate, span, times

#: Standard deviations when only *which* cause is asked, not whether there is an incident: 95 %.
WHICH = 2.0
#: A part below this is not named as a cause of its own: twice the ±10 points that the split
#: promises.
PART = 0.2
#: A level is a plateau when its later half moved less than a tenth of it, for half an hour:
#: at that pace the drain would take ten times as long as we watched.
PLATEAU, PLATEAU_SECONDS = 0.1, 1800


def draining(facts: Facts) -> bool:
    """Return whether the backlog shrinks beyond chance."""
    return facts.onset is not None and facts.drift < -SIGMAS * facts.drift_error


def level(facts: Facts) -> bool:
    """Return whether the backlog neither grows nor shrinks, for half an hour."""
    if facts.onset is None or facts.span.seconds < PLATEAU_SECONDS:
        return False
    middle = facts.history.backlog[(facts.onset + facts.last) // 2]
    moved: float = abs(facts.backlog - middle) if middle is not None else facts.backlog
    return moved < PLATEAU * facts.backlog


def more_arrivals(facts: Facts) -> bool:
    """Return whether arrivals are above usual beyond doubt of which."""
    if facts.usual is None:
        return False
    expected = facts.usual.received * facts.span.seconds
    error = (facts.usual.dispersion * expected + 1) ** 0.5
    return bool(facts.span.received - expected > WHICH * error)


def less_service(facts: Facts) -> float | None:
    """Return how many times longer a message takes than usual, None when it does not.

    Without ``busy`` the completions while work waits are compared with the usual arrivals,
    which the daemon coped with.
    """
    usual, seen = facts.usual, facts.span
    if usual is None or seen.processed < 1:
        return None
    if facts.service and usual.service:
        ratio = facts.service / usual.service
        per_hour = max(1.0, usual.received * 3600)
        # The hours' means scatter by σ/√n: so the baseline tells how mixed the messages are.
        mixed = max(1.0, usual.service_spread / usual.service * per_hour ** 0.5)
        return ratio if ratio - 1 > WHICH * mixed / seen.processed ** 0.5 else None
    expected = max(usual.received, usual.capacity) * seen.seconds
    if expected - seen.processed > WHICH * (usual.dispersion * expected + 1) ** 0.5:
        return expected / seen.processed
    return None


def blamed_topic(facts: Facts) -> tuple[str, float, float] | None:
    """Return (topic, rate now, usual rate) of the topic with most excess, in messages/s."""
    best = None
    for topic, column in facts.history.topics.items():
        found = [x for x in column[facts.span.start: facts.span.stop] if x is not None]
        before = facts.usual.topics.get(topic, 0.0) if facts.usual else 0.0
        now = sum(found) / len(found) if found else 0.0
        if best is None or now - before > best[1] - best[2]:
            best = (topic, now, before)
    return best if best and best[1] > best[2] else None


def growth(facts: Facts) -> Finding | None:
    """Rule 11: SURGE, SLOW, BOTH or REPLAY, by the split of the growth."""
    if facts.onset is None or facts.split is None or draining(facts) or level(facts):
        return None
    share = facts.split.surge_share
    surge, slower = more_arrivals(facts), less_service(facts)
    if share is None or (not surge and slower is None):
        return None
    if surge and slower is not None and (PART <= share <= 1 - PART or _each_alone(facts)):
        verdict = Verdict.BOTH
    elif slower is not None and (not surge or share < PART):
        verdict = Verdict.SLOW
    elif surge:
        verdict = Verdict.SURGE
    else:
        return None
    if verdict is Verdict.SLOW and (facts.hung or _fewer(facts)):
        return None  # rule 8 has said it
    return _told(facts, verdict, share, slower)


def _each_alone(facts: Facts) -> bool:
    """Return whether either change without the other would have made the backlog grow."""
    usual, able, was_able = facts.usual, facts.capacity, facts.usual_capacity
    if usual is None or able is None or was_able is None:
        return False
    return able < usual.received and facts.span.arrival_rate > was_able


def _fewer(facts: Facts) -> bool:
    usual = facts.usual.workers if facts.usual else None
    return bool(usual and facts.workers and facts.workers < usual - 0.5 and not _slower_each(facts))


def _slower_each(facts: Facts) -> bool:
    return bool(facts.usual and facts.usual.service and less_service(facts) is not None)


def _told(facts: Facts, verdict: Verdict, share: float, slower: float | None) -> Finding:
    usual, split, history = facts.usual, facts.split, facts.history
    assert usual is not None and split is not None and facts.onset is not None
    certainty = (0.97 if facts.based else 0.7) * (1.0 if facts.service else 0.8)
    missing = () if facts.service else ("working time (busy)",)
    topic = blamed_topic(facts) if verdict in (Verdict.SURGE, Verdict.BOTH) else None
    says = []
    if topic:
        was = times(topic[1] / topic[2]) + " usual" if topic[2] else "new"
        says.append(f"most of the excess is {topic[0]} ({rate(topic[1])}, {was})")
    factor = facts.span.arrival_rate / usual.received if usual.received else 0.0
    arrivals = f"{rate(facts.span.arrival_rate)} arrive" + (
        f", {times(factor)} usual" if factor else "")
    service = ""
    if facts.service and usual.service:
        service = f", {span(usual.service)} → {span(facts.service)} per message"
    says.insert(0, f"backlog +{count(split.growth)} in {span(facts.span.seconds)}: {share:.0%} "
                   f"excess arrivals ({arrivals}), {1 - share:.0%} slower handling{service}")
    restart = [r for r in history.restarts
               if abs(r.time - history.time(facts.onset)) <= 6 * history.step]
    if verdict is Verdict.SURGE and restart:
        return Finding(Verdict.REPLAY, 0.85, ("the arrivals began with the restart", *says),
                       since=restart[-1].time)
    return Finding(verdict, certainty, tuple(says), missing, history.time(facts.onset),
                   topic[0] if topic else None)


def recovering(facts: Facts) -> Finding | None:
    """Rule 12: above usual but shrinking beyond chance."""
    if not draining(facts):
        return None
    return Finding(Verdict.RECOVERING, 0.95, (
        f"{count(facts.backlog)} messages left, {count(-facts.drift)} fewer each second",))


def saturated(facts: Facts) -> Finding | None:
    """Rule 13: the backlog stays or grows and no change against the usual explains it."""
    # Nothing ended at all: stalled (rule 7), which is no lack of capacity.
    if facts.onset is None or draining(facts) or not facts.recent.processed:
        return None
    cause = growth(facts)
    if cause is not None and facts.span.seconds < PLATEAU_SECONDS:
        return None
    if cause is None and facts.usual is None and facts.span.seconds < PLATEAU_SECONDS:
        return None
    if cause is None and (facts.hung or _fewer(facts)):
        return None
    return Finding(Verdict.SATURATED, 0.9 if facts.usual else 0.6, (
        f"{rate(facts.span.arrival_rate)} arrive, {rate(facts.span.completion_rate)} are handled "
        f"at most: {count(facts.backlog)} wait and it will never catch up",),
        () if facts.based else ("a baseline",))


def unexplained_backlog(facts: Facts) -> Finding | None:
    """Rule 14: a backlog above chance, and nothing to compare it with."""
    if facts.onset is None or facts.usual is not None or draining(facts):
        return None
    return Finding(Verdict.UNKNOWN, 0.9, (
        f"{count(facts.backlog)} messages wait; what is usual is not known",), ("a baseline",))
