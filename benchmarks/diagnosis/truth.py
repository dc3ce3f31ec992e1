"""What is right to say of each sample, and whether it can be known; by the generator alone.

*Decidable*: an observer who knows the parameters before and after a turn (and nothing of our
rules) has collected NATS of evidence since then, expected log-likelihood ratio against "the part
before goes on" and, for a trouble, against "all is as usual"; three samples have come since; and
for growth, the backlog is above what the undisturbed daemon shows by chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

from .queue import Samples
from .traffic import Part, Traffic

#: ln(10^6) and three standard deviations of that much evidence: 1 in a million, seen in 99.9 %.
MILLION = log(1e6)
NATS = MILLION + 3 * sqrt(2 * MILLION)
#: Samples since a turn, at least; normal deviations for a net flow.
SAMPLES, SIGMAS = 3, 5.0
#: Changes smaller than this are no cause; a share of the growth below it is no part of it.
SMALL, SHARE = 1.08, 0.2
#: Utilisation above which "nearly full" is right though nothing is wrong yet.
NEARLY_FULL = 0.85
#: Seconds for which a restart is worth saying.
RESTARTED = 660
WELL = frozenset({"OK", "IDLE"})
#: Verdicts that name no cause: neither right nor a wrong cause.
VAGUE = frozenset({"UNKNOWN", "SATURATED"})


@dataclass(frozen=True)
class Label:
    """What is right at one sample. ``part`` is the index of the part that acts."""

    right: frozenset[str]
    decidable: bool
    part: int
    #: True seconds until the backlog is as small as usual; None unless it drains till then.
    drain: float | None = None


class Truth:
    """The labels of one run.

    Args:
        traffic: what drove it; its first part is the usual state.
        samples: what the queue did.
        usual_peak: messages that the undisturbed queue reached in hours of simulation.
        known: seconds of undisturbed past that an observer has seen; inf with a baseline.
        restarts: when the daemon was restarted, epoch seconds.
    """

    def __init__(
        self,
        traffic: Traffic,
        samples: Samples,
        usual_peak: float,
        known: float = inf,
        restarts: Sequence[float] = (),
    ) -> None:
        self.traffic, self.samples, self.known = traffic, samples, known
        self.restarts = restarts
        self.chance = chance_level(traffic)
        self.level = max(self.chance, 1.5 * usual_peak + 3)

    def labels(self) -> list[Label]:
        """Return one label a sample."""
        labels: list[Label] = []
        evidence = _Evidence(self)
        calm_since, excursion = -inf, False
        backlog = self.samples.levels["backlog"]
        drained = self._drained()
        for k, time in enumerate(self.samples.times):
            waiting = backlog[k] or 0.0
            # A part that begins with this sample shows nothing yet.
            index = max(0, bisect_right(self._starts, time - 1e-6) - 1)
            certain = evidence.add(k, index)
            right = self._right(index, time, waiting)
            excursion = waiting > self.level or (excursion and waiting > self.level / 3)
            part = self.traffic.parts[index]
            if waiting <= self.level and right <= WELL | {"CREEP"}:
                # At another hour as much is usual: what is left of a trouble is not.
                left = bool(self.traffic.calendar) and self._after_trouble(index + 1)
                if excursion or (left and waiting > self.chance):
                    right |= {"RECOVERING"}
                if part.disturbed and self._grows(time):
                    # Said before it is beyond chance: early, not wrong.
                    right |= self._causes(part, self.usual_part(index), index)
                    certain = False
            if right <= WELL | {"CREEP"}:
                calm_since = time if calm_since == -inf else calm_since
                settled = time - calm_since >= SAMPLES * self._step
                certain = certain and (settled or not k)
                if not settled:
                    right |= {"RECOVERING"}
            else:
                calm_since = -inf
            if any(0 <= time - at <= RESTARTED for at in self.restarts):
                right |= {"RESTART"}
            drain = drained[k] if "RECOVERING" in right and certain else None
            labels.append(Label(frozenset(right), certain, index, drain))
        return labels

    @property
    def _starts(self) -> list[float]:
        return [part.start for part in self.traffic.parts]

    @property
    def _step(self) -> float:
        return self.samples.times[1] - self.samples.times[0]

    def usual_part(self, index: int) -> Part:
        """Return the newest usual part up to this one: what changes are asked of."""
        parts = self.traffic.parts
        return next((parts[i] for i in range(index, -1, -1) if not parts[i].disturbed), parts[0])

    def _right(self, index: int, time: float, waiting: float) -> set[str]:
        traffic, part = self.traffic, self.traffic.parts[index]
        usual = self.usual_part(index)
        rate, capacity = traffic.arrival_rate(time - 1e-6), traffic.capacity(time - 1e-6)
        if part.disturbed and (part.hung or part.gone or part.failing or not part.rate):
            return self._not_growth(
                part, growing=rate > capacity and waiting > self.level, waiting=waiting
            )
        if traffic.calendar and not self._after_trouble(index + 1) and waiting > self.chance:
            # What comes every night is usual, its drain too.
            return {"RECOVERING", "CREEP", *WELL}
        if waiting > self.level:
            return self._causes(part, usual, index) if self._grows(time) else {"RECOVERING"}
        return {"CREEP", *WELL} if rate > NEARLY_FULL * capacity else set(WELL)

    def _not_growth(self, part: Part, *, growing: bool, waiting: float) -> set[str]:
        """Return what is right of workers that hang, messages that fail, or none that come."""
        if part.hung + part.gone >= self.traffic.workers:
            return {"STALLED"} if not part.gone else {"STALLED", "WORKERS_LOST"}
        if part.hung or part.gone:
            return {"WORKERS_LOST"}
        if part.failing:
            came_back = {"RETRIES"} if part.rate > SMALL else set()
            return {"ERRORS", *came_back, *({"SLOW"} if growing else ())}
        return {"STARVED"} if waiting <= self.level else {"STARVED", "RECOVERING"}

    def _after_trouble(self, index: int) -> bool:
        return any(part.disturbed for part in self.traffic.parts[:index])

    def _grows(self, time: float) -> bool:
        return self.traffic.arrival_rate(time - 1e-6) > self.traffic.capacity(time - 1e-6) * 1.001

    def _causes(self, part: Part, usual: Part, index: int) -> set[str]:
        """Return which causes hold of a backlog that grows."""
        traffic = self.traffic
        more, slower = part.rate / usual.rate, traffic.longer(part) / traffic.longer(usual)
        if part.mix is not None and slower >= SMALL:
            return {"MIX"} if more < SMALL else {"MIX", "SURGE"}
        if slower < SMALL:
            return {"SURGE"}
        if more < SMALL:
            return {"SLOW"}
        capacity = traffic.workers / (traffic.service * traffic.longer(usual))
        rate = traffic.rate * usual.rate
        surge, slow = max(0.0, more * rate - capacity), max(0.0, rate - capacity / slower)
        growth = max(1e-9, more * rate - capacity / slower)
        share = min(1.0, max(0.0, (surge + growth - slow) / 2 / growth))
        right = {"BOTH"}
        if share > 1 - SHARE or (not slow and surge):
            right |= {"SURGE"}
        if share < SHARE or (not surge and slow):
            right |= {"SLOW"}
        return right

    def _drained(self) -> list[float | None]:
        """Return, by sample, seconds until the backlog is at the level, if no turn comes first."""
        times, backlog = self.samples.times, self.samples.levels["backlog"]
        times_to_drain: list[float | None] = [None] * len(times)
        end: float | None = None
        part = -1
        goal = max(1.0, self.level / 3)
        for k in range(len(times) - 1, -1, -1):
            index = max(0, bisect_right(self._starts, times[k] - 1e-6) - 1)
            if index != part:
                end, part = None, index
            if (backlog[k] or 0.0) <= goal:
                end = times[k]
            times_to_drain[k] = end - times[k] if end is not None else None
        return times_to_drain


class _Evidence:
    """What an ideal observer has collected since the newest turn."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.part = -1
        self.since = 0
        self.arrived = self.ended = self.expected = 0.0
        self.previous = Part(0.0)

    def add(self, k: int, index: int) -> bool:
        """Add sample ``k``; return whether its label can be known."""
        truth, samples = self.truth, self.truth.samples
        if index != self.part:
            self.previous = truth.traffic.parts[max(0, index - 1)]
            self.part, self.since = index, k
            self.arrived = self.ended = self.expected = 0.0
        if k:
            self.arrived += samples.totals["received"][k] - samples.totals["received"][k - 1]
            self.ended += samples.totals["processed"][k] - samples.totals["processed"][k - 1]
        part, usual = truth.traffic.parts[index], truth.usual_part(index)
        alternatives = [self.previous] if index else []
        alternatives += [usual] if part.disturbed else []
        if k - self.since + 1 < SAMPLES:
            return False
        return all(
            self._nats(k, part, alternative) >= NATS
            for alternative in alternatives
            if alternative is not part
        ) and self._moved(k, part)

    def _nats(self, k: int, part: Part, alternative: Part) -> float:
        traffic = self.truth.traffic
        time = self.truth.samples.times[k]
        seconds = time - self.truth.samples.times[max(0, self.since - 1)]
        before = (
            self.truth.known
            if alternative is not self.previous or not self.part
            else min(self.truth.known, part.start - self.previous.start if self.part > 1 else inf)
        )
        trust = 1.0 if before == inf else before / (before + seconds)
        nats = 0.0
        rate = traffic.rate * traffic.calendar_factor(time)
        if part.rate != alternative.rate:
            rate_here, other_rate = part.rate * rate, max(alternative.rate, 1e-3) * rate
            per_second = (
                (rate_here * log(rate_here / other_rate) if rate_here else 0.0)
                - rate_here
                + other_rate
            )
            nats += per_second * seconds / traffic.dispersion
        ratio = traffic.longer(part) / traffic.longer(alternative)
        if ratio != 1.0:
            # Those in hand at the turn still take the earlier time.
            ended = max(0.0, self.ended - traffic.workers)
            nats += ended * traffic.law.information(ratio)
        nats += self._stuck(k, part, alternative, seconds)
        if part.failing != alternative.failing:
            nats += self.ended * _bernoulli(part.failing, alternative.failing)
        return nats * trust

    def _stuck(self, k: int, part: Part, alternative: Part, seconds: float) -> float:
        """Return evidence of held or lost workers, or that they are back."""
        traffic = self.truth.traffic
        missing, usually_missing = part.hung + part.gone, alternative.hung + alternative.gone
        if missing == usually_missing:
            return 0.0
        if missing < usually_missing:
            return MILLION * 10 if self.ended > traffic.workers else 0.0
        if part.gone > alternative.gone:
            return MILLION * 10  # the number of threads is in the sample
        age = self.truth.samples.levels["oldest"][k] or 0.0
        service = traffic.service * part.service
        seconds_held = min(age, seconds)
        rare = traffic.law.quantile(1 - 1e-6) * service
        if missing >= traffic.workers:
            return seconds_held / rare * MILLION * 3
        # The others must have gone on at their usual pace, else all may be slow together.
        pace = min(1.0, self.ended / 20)
        return seconds_held / rare * MILLION * 3 * pace

    def _moved(self, k: int, part: Part) -> bool:
        """Return whether the backlog's direction is no chance, where the label rests on it."""
        truth = self.truth
        waiting = truth.samples.levels["backlog"][k] or 0.0
        if waiting <= truth.level or part.hung + part.gone or part.failing or not part.rate:
            return True
        net, flow = self.arrived - self.ended, self.arrived + self.ended
        return abs(net) > SIGMAS * sqrt(
            flow * max(truth.traffic.dispersion, truth.traffic.variation**2, 1.0) + 1
        )


def _bernoulli(observed: float, assumed: float) -> float:
    p, q = min(0.999, max(0.001, observed)), min(0.99, max(0.01, assumed))
    return p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))


def chance_level(traffic: Traffic) -> float:
    """Return the messages that the undisturbed queue exceeds once in a million (Kingman's tail)."""
    first = traffic.parts[0]
    load = min(
        0.99,
        max(0.01, traffic.rate * first.rate * traffic.service * first.service / traffic.workers),
    )
    tail = (max(1.0, traffic.dispersion) + traffic.variation**2) / 2
    return traffic.workers + tail * MILLION / -log(load)


def usual_peak(samples: Sequence[Samples]) -> float:
    """Return the greatest backlog of undisturbed runs."""
    return max((value or 0.0) for run in samples for value in run.levels["backlog"])
