"""Growth: what makes the backlog grow now, and what is left of an earlier trouble?"""

from __future__ import annotations

from dataclasses import replace

from ...humanize import count, duration, messages, rate, ratio, topic_name, waits
from ...protocol.sample import OTHER
from ..acting import Cause
from ..causes import blamed_topic, fewer_workers
from ..draining import falls, past_peak, rises
from ..excess import quiet
from ..facts import Facts
from ..history import PERSIST, REFERENCE
from ..mix import Mix, mix
from ..parts import ended
from ..stats import known
from ..verdict import Finding, Verdict

#: From this share on a topic is most of something.
MAIN_SHARE = 0.5
#: Arrivals that differ by no more than this share are as usual.
AS_EVER = 0.1
#: From this share on the growth has one reason: less of it is within the noise of arrivals.
WHOLE = 0.9
#: Seconds that messages must be older on arrival than usual to be a catch-up, beside the
#: outage's own: senders' clocks that ntpd still steps differ by less (128 ms, 1,000 s at worst
#: at boot); below a minute nobody calls it old.
OLD = 60.0
#: Certainty with a baseline, with calm minutes only, and the part of it without working time.
SURE_OF_IT, YOUNG, UNTIMED = 0.97, 0.7, 0.8


def growth(facts: Facts) -> tuple[Finding, ...]:
    """SURGE, SLOW, BOTH, MIX or REPLAY, by what acts now; nothing where the backlog shrinks."""
    acting = facts.cause
    if acting is None or falls(facts):
        return ()
    caught_up = _after_restart(facts, acting)
    if caught_up is not None:
        return (caught_up,)
    if acting.verdict is Verdict.SLOW and (facts.hung or fewer_workers(facts)):
        return ()  # the rule of lost workers says it
    finding = _finding(facts, acting)
    return (
        (_catch_up(facts, finding),)
        if acting.verdict is Verdict.SURGE
        else _refined(facts, finding)
    )


def recovering(facts: Facts) -> Finding | None:
    """RECOVERING: above usual, and it shrinks or nothing makes it grow any more."""
    if facts.onset is None or not facts.span.processed or quiet(facts):
        return None
    if not falls(facts) and (
        facts.cause is not None
        or facts.usual is None
        or rises(facts)
        or facts.hung
        or fewer_workers(facts)
        or _stands(facts)
        or (facts.drift >= 0 and not (ended(facts) or past_peak(facts)))
    ):
        return None
    left = f"{messages(facts.backlog)} left"
    if facts.drift < 0:
        left += f", {count(-facts.drift)} fewer each second"
    before = ended(facts)
    return Finding(
        Verdict.RECOVERING,
        0.95 if falls(facts) else 0.8,
        (left, before) if before else (left,),
        since=facts.history.time(facts.span.start) - facts.history.step,
    )


def _stands(facts: Facts) -> bool:
    """Return whether it has not shrunk for so long that nothing is left to wait for."""
    return facts.drift >= 0 and facts.span.stop - facts.span.start > REFERENCE


def _refined(facts: Facts, finding: Finding) -> tuple[Finding, ...]:
    """Tell a costlier mix from slow processing."""
    costs = mix(facts)
    if costs is not None and costs.explains:
        costly = Finding(
            Verdict.MIX,
            finding.certainty,
            (
                f"each topic takes its usual time, but more of {topic_name(costs.costlier)} "
                f"arrive: {duration(costs.usual)} → {duration(costs.now)} per message",
            ),
            since=finding.since,
            topic=_named(costs.costlier),
        )
        if finding.verdict is Verdict.SLOW:
            return (replace(costly, evidence=(*costly.evidence, *finding.evidence)),)
        return (replace(finding, verdict=Verdict.SURGE, topic=_named(costs.costlier)), costly)
    if costs is None:
        return (replace(finding, missing=(*finding.missing, "working time by topic")),)
    if finding.verdict is Verdict.SLOW:
        single = costs.part >= MAIN_SHARE and costs.slower != OTHER
        finding = replace(
            finding,
            topic=costs.slower if single else None,
            evidence=(*finding.evidence, *_slowest(costs, single)),
        )
    return (finding,)


def _slowest(costs: Mix, single: bool) -> tuple[str, ...]:
    if single:
        return (f"most of the rise is {costs.slower}, {ratio(costs.factor)} its usual time",)
    if costs.longer > 1:
        return (f"{costs.longer} topics take longer, not one alone",)
    return ()


def _named(topic: str) -> str | None:
    return None if topic == OTHER else topic  # others' others are no shared topic


def _after_restart(facts: Facts, acting: Cause) -> Finding | None:
    """Return REPLAY when the backlog began with a restart and handling is as fast as usual.

    The messages that came before the first sample after a restart are in no rate.
    """
    if facts.onset is None or acting.service is not None:
        return None
    history = facts.history
    began = [
        r.time
        for r in history.restarts
        if abs(r.time - history.time(facts.onset)) <= 2 * PERSIST * history.step
    ]
    if not began:
        return None
    return Finding(
        Verdict.REPLAY,
        0.85,
        (
            f"since the restart {messages(facts.span.received)} arrived, "
            f"{count(facts.backlog)} wait; each takes its usual time",
        ),
        since=began[-1],
    )


def _catch_up(facts: Facts, finding: Finding) -> Finding:
    """Call a surge REPLAY when its messages are old on arrival."""
    usual, column = facts.usual, facts.history.delay
    delays = known(column[facts.span.start : facts.span.stop]) if column else []
    late = min(delays[-PERSIST:], default=None)
    if usual is None or usual.delay is None or late is None or late < usual.delay + OLD:
        return finding
    return replace(
        finding,
        verdict=Verdict.REPLAY,
        certainty=0.8,
        topic=None,
        evidence=(
            f"the messages are {duration(late)} old when they arrive, usual is "
            f"{duration(usual.delay)}: sent long ago and delivered now",
            *finding.evidence,
        ),
    )


def _finding(facts: Facts, acting: Cause) -> Finding:
    reference, split, history = acting.reference, acting.split, facts.history
    certainty = (SURE_OF_IT if facts.based else YOUNG) * (1.0 if facts.timed else UNTIMED)
    missing = () if facts.timed else ("working time (busy)",)
    topic = blamed_topic(facts) if acting.verdict in (Verdict.SURGE, Verdict.BOTH) else None
    arriving = facts.arrivals[-1].rate
    says = []
    share = split.surge_share
    arrivals = f"{rate(arriving)} arrive" + (
        f", {ratio(acting.arrivals)} {_than(facts)}" if acting.arrivals else ""
    )
    service = ""
    if facts.service and reference.service:
        service = f", {duration(reference.service)} → {duration(facts.service)} per message"
    grown = f"backlog +{count(split.growth)} in {duration(facts.span.seconds)}"
    if share is None:
        says.append(f"{waits(facts.backlog)}: {arrivals}{service}")
    elif share >= WHOLE:
        says.append(f"{grown}, all by excess arrivals: {arrivals}{service}")
    elif share <= 1 - WHOLE:
        if abs(acting.arrivals - 1) <= AS_EVER:
            arrivals = "arrivals as " + ("usual" if facts.based else "before")
        says.append(f"{grown}, all by slow processing{service}; {arrivals}")
    else:
        says.append(
            f"{grown}: {share:.0%} excess arrivals ({arrivals}), {1 - share:.0%} slow "
            f"processing{service}"
        )
    if topic:
        was = ratio(topic[1] / topic[2]) + " usual" if topic[2] else "new"
        part = (
            "most"
            if topic[1] - topic[2] >= MAIN_SHARE * (arriving - reference.arrivals)
            else "the largest part"
        )
        says.append(f"{part} of the excess is {topic_name(topic[0])} ({rate(topic[1])}, {was})")
    before = ended(facts)
    if before:
        says.append(before)
    if not facts.based:
        says.append(f"compared with {len(facts.calm)} calm samples of its own")
    return Finding(
        acting.verdict,
        certainty,
        tuple(says),
        missing,
        history.time(acting.start) - history.step,
        _named(topic[0]) if topic else None,
    )


def _than(facts: Facts) -> str:
    return "usual" if facts.based else "what came before"
