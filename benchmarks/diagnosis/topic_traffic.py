"""Episodes of daemons whose topics differ in cost: a costly mix, a slow topic, a topic's surge."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from .episodes import Draw, Episode
from .queue import Samples
from .truth import Label

#: Messages/s at most: each message is drawn with its topic.
MAX_RATE = 8.0


class TopicDraw(Draw):
    """One seed's daemon with four topics, of which the last is rare and costly."""

    def __init__(self, family: str, seed: int) -> None:
        super().__init__(family, seed)
        rng = self.rng
        self.busy_enough()
        self.rate, self.load = min(self.rate, MAX_RATE), rng.uniform(0.15, 0.4)
        shares = [0.5, 0.3, 0.17, rng.uniform(0.01, 0.03)]
        costs = [1.0, rng.uniform(0.5, 1.5), rng.uniform(0.3, 2), rng.uniform(10, 40)]
        shares[0] = 1 - sum(shares[1:])
        mean = sum(share * cost for share, cost in zip(shares, costs))
        self.topics = {
            f"topic.{name}": (share, cost / mean)
            for name, share, cost in zip("abcd", shares, costs)
        }

    def mix(self, share: float) -> dict[str, float]:
        """Return the shares of the topics where the costly one has this share."""
        other_share = 1 - self.topics["topic.d"][0]
        usual = {
            topic: part / other_share * (1 - share) for topic, (part, _) in self.topics.items()
        }
        return {**usual, "topic.d": share}

    def costly(self, times: float) -> dict[str, float]:
        """Return the mix whose messages take ``times`` as long; at most the costly topic alone."""
        cost = self.topics["topic.d"][1]
        other_factor = (1 - self.topics["topic.d"][0] * cost) / (1 - self.topics["topic.d"][0])
        return self.mix(min(1.0, (times - other_factor) / (cost - other_factor)))

    def mixed(self) -> TopicDraw:
        """Let as many messages arrive as usual, but more of the costly topic."""
        times = self.rng.uniform(1.4, 4) / self.load_now
        capacity = self.capacity / times
        seconds = self._stays(self.rate - capacity, capacity * self.law.information(times))
        self.add(seconds, mix=self.costly(times))
        self.waiting = (self.rate - capacity) * seconds
        return self

    def made(self) -> Episode:
        """Return the episode; what waits when the mix ends is still of the costly topic."""
        ends = [later.start for part, later in zip(self.parts, self.parts[1:]) if part.mix]

        def relabel(samples: Samples, labels: Sequence[Label]) -> list[Label]:
            relabelled = list(labels)
            for end in ends:
                first = bisect_right(samples.times, end)
                due = samples.totals["received"][min(first, len(samples.times) - 1)]
                for k in range(first, len(samples.times)):
                    if samples.totals["processed"][k] >= due:
                        break
                    right = labels[k].right | {"MIX", "RECOVERING"}
                    relabelled[k] = replace(labels[k], right=right, decidable=False, drain=None)
            return relabelled

        episode = self.build(relabel=relabel)
        return replace(episode, traffic=replace(episode.traffic, topics=self.topics))


def costly_mix(seed: int) -> Episode:
    """As many messages as usual, but more of the costly topic."""
    draw = TopicDraw("topics: a costly mix", seed).mixed()
    draw.then(min(3 * 3600.0, 3 * draw.waiting / (draw.capacity - draw.rate) + 600))
    return draw.made()


def mix_after_surge(seed: int) -> Episode:
    """A surge of all topics, drained; then more of the costly topic."""
    draw = TopicDraw("topics: a surge, then a costly mix", seed)
    draw.surge().then()
    draw.mixed().then(1800)
    return draw.made()


def costly_surge(seed: int) -> Episode:
    """The costly topic comes on top of all others, several times as often as all."""
    draw = TopicDraw("topics: a surge of the costly one", seed)
    more = draw.rng.uniform(1.5, 3)
    share, cost = draw.topics["topic.d"]
    mix = draw.mix((share + more - 1) / more)
    growth = draw.rate * more - draw.capacity / (mix["topic.d"] * cost)
    draw.add(draw._stays(growth, draw.rate / 2), rate=more, mix=mix)
    draw.then(1800)
    return draw.made()


def slow_topic(seed: int) -> Episode:
    """The commonest topic takes many times as long; the mix is as usual."""
    draw = TopicDraw("topics: one is slow", seed)
    share, cost = draw.topics["topic.a"]
    times = draw.rng.uniform(1.4, 4) / draw.load_now
    slower = (times - 1) / (share * cost) + 1
    capacity = draw.capacity / times
    seconds = draw._stays(draw.rate - capacity, capacity * draw.law.information(times))
    draw.add(seconds, service=slower, slow_topics=("topic.a",))
    draw.waiting = (draw.rate - capacity) * seconds
    draw.then()
    return draw.made()


def all_slow(seed: int) -> Episode:
    """All topics take longer; the mix is as usual."""
    draw = TopicDraw("topics: all are slow", seed)
    draw.slow().then()
    return draw.made()


TOPICS: Sequence[Callable[[int], Episode]] = (
    costly_mix,
    mix_after_surge,
    costly_surge,
    slow_topic,
    all_slow,
)
