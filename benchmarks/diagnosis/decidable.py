"""When a fault can be told from chance, by theory and the generator's parameters alone.

*Decidable* is the first moment at which an observer who knows the undisturbed daemon's
parameters sees, in 99.9 % of the runs (3σ), what that daemon would show once in a million
(4.75σ, or ln 10^6 = 14 mean times without an event). It uses no constant of the diagnosis
and no series. *Which* of two causes it is needs 2σ (95 %) only, again in 99.9 % of the runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt

MILLION = log(1e6)
#: One-sided normal deviations: 1 in 10^6, 99.9 %, 95 %.
RARE, NEARLY_ALL, WHICH = 4.75, 3.0, 2.0
#: ln(10^3): no first arrival after so many mean gaps is the 0.1 % left out.
FIRST = log(1e3)


@dataclass(frozen=True)
class Load:
    """A daemon's parameters: messages/s, mean seconds, workers, coefficient of variation."""

    rate: float
    service: float
    workers: float
    variation: float = 1.0

    @property
    def able(self) -> float:
        """Messages/s that the workers can end."""
        return self.workers / self.service if self.service else inf

    @property
    def rho(self) -> float:
        """Offered load per worker."""
        return self.rate / self.able


def beyond(rate: float, variance: float, level: float, sigmas: float) -> float:
    """Return the t at which rate·t - sigmas·√(variance·t) reaches ``level``; inf if never."""
    if rate <= 0:
        return inf
    root = sigmas * sqrt(variance)
    return ((root + sqrt(root * root + 4 * rate * level)) / (2 * rate)) ** 2


def chance_level(before: Load) -> float:
    """Return the messages that the undisturbed queue exceeds once in a million.

    M/M/N: P(more than N + n wait) ≤ ρ^n. For other variation Kingman's bound lengthens the
    tail by (1 + c²)/2.
    """
    tail = (1 + before.variation ** 2) / 2
    return before.workers + tail * MILLION / -log(max(0.01, min(before.rho, 0.99)))


def backlog_grows(before: Load, after: Load) -> float:
    """Return seconds until the backlog is beyond chance; inf while the load fits."""
    done = min(after.rate, after.able)
    variance = after.rate + done * after.variation ** 2
    return beyond(after.rate - done, variance, chance_level(before), NEARLY_ALL)


def arrivals_differ(before: Load, after: Load) -> float:
    """Return seconds until the arrivals themselves show the surge."""
    more = after.rate - before.rate
    return beyond(more, after.rate, 0.0, WHICH + NEARLY_ALL)


def service_differs(before: Load, after: Load) -> float:
    """Return seconds until the mean time per message shows the slowness (n^½ law)."""
    times = after.service / before.service
    if times <= 1:
        return inf
    scatter = WHICH * before.variation + NEARLY_ALL * after.variation * times
    return (scatter / (times - 1)) ** 2 / min(after.rate, after.able)


def completions_differ(before: Load, after: Load) -> float:
    """Return seconds until completions alone (three series) fall short of usual arrivals."""
    lost = before.rate - min(after.able, after.rate)
    return beyond(lost, before.rate, 0.0, WHICH + NEARLY_ALL)


def first_held(before: Load) -> float:
    """Return seconds until a message is in the hands of a worker that now hangs."""
    return FIRST / before.rate


def nothing_ends(before: Load) -> float:
    """Return seconds until it is no chance that none of the held messages ended."""
    held, t, work = 0.0, 0.0, 0.0
    tick = min(before.service, 1 / before.rate) / 4
    while work < MILLION:
        t += tick
        sure = before.rate * t - NEARLY_ALL * sqrt(before.rate * t)
        held = min(before.workers, max(sure, 1.0 if t >= first_held(before) else 0.0))
        work += held / before.service * tick
    # What was in hand before goes on to end first, the last of N after S·ln(N·10^3) at worst;
    # only then does the pause begin.
    return t + before.service * log(max(1.0, before.workers * before.rho) * 1e3)


def one_hangs(before: Load, hung: float) -> float:
    """Return seconds until the first hung message is older than chance.

    When those left are always busy, all being slower in proportion explains as much: then
    14 of such longer times.
    """
    left = before.workers - hung
    slower = before.workers / left if before.rate * before.service > left else 1.0
    return first_held(before) + MILLION * before.service * slower * (1 + before.variation ** 2) / 2


def failures(rate: float, share: float) -> float:
    """Return seconds until a share of failures is no chance where none failed before."""
    return beyond(rate * share, rate * share, RARE ** 2, NEARLY_ALL)


def silence(before: Load) -> float:
    """Return seconds after which no arrival at all is no chance."""
    return MILLION / before.rate


def shrinks(after: Load) -> float:
    """Return seconds until the net flow out is no chance."""
    return beyond(after.able - after.rate, after.able + after.rate, 0.0, RARE + NEARLY_ALL)


def fluid_split(before: Load, after: Load) -> float | None:
    """Return the exact Shapley share of the excess arrivals in a growth at constant loads."""
    def grown(rate: float, able: float) -> float:
        return max(0.0, rate - able)
    surge, slow = grown(after.rate, before.able), grown(before.rate, after.able)
    both = grown(after.rate, after.able)
    return None if both <= 0 else min(1.0, max(0.0, (surge + both - slow) / 2 / both))

