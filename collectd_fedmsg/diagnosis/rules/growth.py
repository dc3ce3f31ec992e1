"""Rule 11: the backlog grew: who grew it, and which came first?"""

from __future__ import annotations

from dataclasses import replace

from ...humanize import count, duration, rate, ratio, topic_name
from ...protocol.sample import OTHER
from ..changes import blamed_topic, fewer_workers, lead, less_service, more_arrivals
from ..draining import draining, level
from ..facts import Facts
from ..history import PERSIST
from ..mix import Mix, mix
from ..verdict import Finding, Verdict

#: A part below this is not named as a cause of its own: twice the ±10 points that the split
#: promises.
PART = 0.2
#: From this share on a topic is most of something.
MOST = 0.5
#: Seconds that messages must be older on arrival than usual to be a catch-up, beside the
#: outage's own: senders' clocks that ntpd still steps differ by less (128 ms, 1,000 s at worst
#: at boot); below a minute nobody calls it old.
OLD = 60.0


def growth(facts: Facts) -> tuple[Finding, ...]:
    """SURGE, SLOW, BOTH, MIX or REPLAY, by the split of the growth; what came first leads."""
    if facts.onset is None or facts.split is None or draining(facts) or level(facts):
        return ()
    after = _after_restart(facts)
    if after is not None:
        return (after,)
    share, verdict = facts.split.surge_share, _cause(facts)
    if share is None or verdict is None:
        return ()
    if verdict is Verdict.SLOW and (facts.hung or fewer_workers(facts)):
        return ()  # rule 8 has said it
    said = _told(facts, verdict, share)
    return (_catch_up(facts, said),) if verdict is Verdict.SURGE else _refined(facts, said)


def _cause(facts: Facts) -> Verdict | None:
    """Return SURGE, SLOW or BOTH; None when neither is beyond doubt."""
    share = facts.split.surge_share if facts.split else None
    surge, slower = more_arrivals(facts), less_service(facts) is not None
    if share is None or not (surge or slower):
        return None
    if surge and slower and (PART <= share <= 1 - PART or _each_alone(facts)):
        return Verdict.BOTH
    return Verdict.SLOW if slower and (not surge or share < PART) else (
        Verdict.SURGE if surge else None)


def _each_alone(facts: Facts) -> bool:
    """Return whether either change without the other would have made the backlog grow."""
    usual, able, was_able = facts.usual, facts.capacity, facts.usual_capacity
    if usual is None or able is None or was_able is None:
        return False
    return able < usual.received and facts.span.arrival_rate > was_able


def _refined(facts: Facts, said: Finding) -> tuple[Finding, ...]:
    """Tell a dearer mix from slower handling, and cause from effect."""
    costs = mix(facts) if less_service(facts) is not None else None
    if costs is not None and costs.share > 1 - PART:
        dear = Finding(Verdict.MIX, said.certainty, (
            f"each topic takes its usual time, but more of {topic_name(costs.dearer)} arrive: "
            f"{duration(costs.usual)} → {duration(costs.now)} per message",),
            since=said.since, topic=_own(costs.dearer))
        if said.verdict is Verdict.SLOW:
            return (replace(dear, evidence=(*dear.evidence, *said.evidence)),)
        return (replace(said, verdict=Verdict.SURGE, topic=_own(costs.dearer)), dear)
    if costs is None:
        said = replace(said, missing=(*said.missing, "working time by topic"))
    elif said.verdict is Verdict.SLOW:
        single = costs.part >= MOST and costs.slower != OTHER
        said = replace(said, topic=costs.slower if single else None,
                       evidence=(*said.evidence, *_slowest(costs, single)))
    ahead = lead(facts) if said.verdict is Verdict.BOTH else 0.0
    if not ahead:
        return (said,)
    first, then = ((Verdict.SURGE, Verdict.SLOW) if ahead > 0 else (Verdict.SLOW, Verdict.SURGE))
    what = (f"the time per message rose {duration(ahead)} after the arrivals" if ahead > 0
            else f"the arrivals rose {duration(-ahead)} after the time per message")
    return (replace(said, verdict=first, topic=said.topic if ahead > 0 else None),
            Finding(then, said.certainty * 0.9, (f"{what}: an effect of it",),
                    topic=said.topic if ahead < 0 else None))


def _slowest(costs: Mix, single: bool) -> tuple[str, ...]:
    if single:
        return (f"most of the rise is {costs.slower}, {ratio(costs.factor)} its usual time",)
    if costs.longer > 1:
        return (f"{costs.longer} topics take longer, not one alone",)
    return ()


def _own(topic: str) -> str | None:
    return None if topic == OTHER else topic  # others' others are no shared topic


def _after_restart(facts: Facts) -> Finding | None:
    """Return REPLAY when the backlog began with a restart and handling is as fast as usual.

    The messages that came before the first sample after a restart are in no rate.
    """
    assert facts.onset is not None
    history = facts.history
    began = [r.time for r in history.restarts
             if abs(r.time - history.time(facts.onset)) <= 2 * PERSIST * history.step]
    if not began or less_service(facts) is not None:
        return None
    return Finding(Verdict.REPLAY, 0.85, (
        f"since the restart {count(facts.span.received)} messages arrived, "
        f"{count(facts.backlog)} wait; each takes its usual time",), since=began[-1])


def _catch_up(facts: Facts, said: Finding) -> Finding:
    """Call a surge REPLAY when its messages are old on arrival."""
    usual = facts.usual
    late = _latest_delay(facts)
    if usual is None or usual.delay is None or late is None or late < usual.delay + OLD:
        return said
    return replace(said, verdict=Verdict.REPLAY, certainty=0.8, topic=None, evidence=(
        f"the messages are {duration(late)} old when they arrive,"
        f" usual is {duration(usual.delay)}: "
        "sent long ago and delivered now", *said.evidence))


def _latest_delay(facts: Facts) -> float | None:
    column = facts.history.delay
    if column is None:
        return None
    found = [x for x in column[facts.span.start: facts.span.stop] if x is not None]
    return min(found[-3:]) if found else None


def _told(facts: Facts, verdict: Verdict, share: float) -> Finding:
    usual, split, history = facts.usual, facts.split, facts.history
    assert usual is not None and split is not None and facts.onset is not None
    certainty = (0.97 if facts.based else 0.7) * (1.0 if facts.service else 0.8)
    missing = () if facts.service else ("working time (busy)",)
    topic = blamed_topic(facts) if verdict in (Verdict.SURGE, Verdict.BOTH) else None
    says = []
    if topic:
        was = ratio(topic[1] / topic[2]) + " usual" if topic[2] else "new"
        excess = facts.span.arrival_rate - usual.received
        part = "most" if topic[1] - topic[2] >= MOST * excess else "the largest part"
        says.append(f"{part} of the excess is {topic_name(topic[0])} ({rate(topic[1])}, {was})")
    factor = facts.span.arrival_rate / usual.received if usual.received else 0.0
    arrivals = f"{rate(facts.span.arrival_rate)} arrive" + (
        f", {ratio(factor)} usual" if factor else "")
    service = ""
    if facts.service and usual.service:
        service = f", {duration(usual.service)} → {duration(facts.service)} per message"
    says.insert(0, f"backlog +{count(split.growth)} in {duration(facts.span.seconds)}: {share:.0%} "
                   f"excess arrivals ({arrivals}), {1 - share:.0%} slower handling{service}")
    return Finding(verdict, certainty, tuple(says), missing, history.time(facts.onset),
                   _own(topic[0]) if topic else None)
