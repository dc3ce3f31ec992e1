"""Where worker threads spend their time: samples of their stacks, by topic, as totals.

Taken on the plugin's own thread: seldom while messages take what they usually take, ten times a
second while they take longer. Computing is told from waiting by the thread's processor time and
the time that it was ready and did not run. Its clock is one that it named itself: to ask for
another thread's by its id can end the process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FrameType
from typing import Any, Protocol

from ..protocol.evidence import COMPUTING, FULL, HELD, WAITING, InHand, StackTime
from ..protocol.sample import OTHER
from .code_names import CodeNames
from .thread_counts import ProcessorTimes
from .topics import Share

#: Seconds between two looks, usually and while messages take longer.
SELDOM, OFTEN = 1.0, 0.1
#: A message takes longer when it takes this many times the usual, and this many seconds more.
SLOW_FACTOR, SLOW_SECONDS = 2.0, 0.02
#: Samples until half of what is usual is forgotten.
USUAL_HALF_LIFE = 360
#: Different places of one consumer, and those that a sample names.
MAX_PLACES, REPORTED = 256, 12
#: Messages in hand that a sample names, the oldest, and the age (s) from which it does.
MAX_IN_HAND, MIN_AGE = 4, 1.0
#: Threads of one consumer that are looked at.
MAX_THREADS = 64
#: Seconds that one look can stand for: longer means that the whole process stood still.
MAX_PERIOD = 10.0
#: Of a period: more is computing, and more of one core by the process leaves no time for others.
COMPUTING_SHARE, FULL_SHARE = 0.5, 0.8
#: Of a period: who wants to compute gets that much at least, even where 50 share a processor. A
#: thread that only wakes from waiting, and is ready until it has its turn, runs for far less.
MIN_RAN_SHARE = 0.02
#: Seconds by which a look comes late, all spent computing, when C code keeps the interpreter.
HELD_SECONDS = 0.25
#: Seconds after the last message that took longer until looks are seldom again.
ALERT_SECONDS = 5.0


class Handling(Protocol):
    """What handles messages: a thread's counts, or a message in a coroutine."""

    started: int
    topic: str
    state: str
    times_at_first: ProcessorTimes | None

    @property
    def running(self) -> bool:
        """Whether a message is in hand."""

    def frames(self, by_thread: Mapping[int, FrameType]) -> Iterable[FrameType]:
        """Return its frames, the innermost first."""

    def processor_times(self) -> ProcessorTimes | None:
        """Return how long it has run and was ready to; None where that is unknown."""


class Stacks:
    """Samples of one consumer's threads and coroutines.

    Args:
        name_packages: the top packages of the consumer's classes.
        threads: returns the threads that have worked, and the coroutines that handle a message.
        admit: returns the name that a topic of whatever shape is counted under.
    """

    def __init__(
        self,
        name_packages: Iterable[str],
        threads: Callable[[], Sequence[Handling]],
        admit: Callable[[Any], str],
    ) -> None:
        self._names = CodeNames(set(name_packages))
        self._threads = threads
        self._admit = admit
        self._totals: dict[Any, int] = {}
        self._share = Share()
        self._times: dict[Handling, ProcessorTimes] = {}
        self._usual: float | None = None
        self._seen = (0, 0)

    def begun(self) -> list[tuple[Handling, int]]:
        """Return the threads with a message in hand, and when its handling began (ns)."""
        return [(own, own.started) for own in self._threads() if own.running][:MAX_THREADS]

    def look(
        self, begun: Sequence[tuple[Handling, int]], frames: dict[int, Any]
    ) -> dict[Handling, Any]:
        """Return the topic and place of each thread that is still at the same message.

        Args:
            begun: what ``begun`` returned before the frames were taken.
            frames: the innermost frame of each thread, by its id.
        """
        places = {}
        for own, started in begun:
            place = self._names.fold(own.frames(frames))
            # One that has gone on meanwhile would give the place to the wrong topic.
            if own.started == started and own.running:
                places[own] = (self._admit(own.topic), *place)
        return places

    def count(
        self,
        places: dict[Handling, Any],
        now: int,
        period: float,
        full: bool,
        *,
        held: bool = False,
    ) -> bool:
        """Add a look to the totals; return whether a message takes longer than usual.

        Args:
            places: what ``look`` returned.
            now: monotonic, nanoseconds, when it looked.
            period: seconds for which the look stands.
            full: whether the process used a whole core in that time.
            held: whether the look came late because C code kept the interpreter.
        """
        elapsed = {own: max(0.0, (now - own.started) / 1e9) for own in places}
        self._states(elapsed, period, full, HELD if held else COMPUTING)
        for own, place in places.items():
            key: Any = (*place, own.state)
            if key not in self._totals and len(self._totals) >= MAX_PLACES:
                key = OTHER
            self._totals[key] = self._totals.get(key, 0) + int(period * 1e6)
        return any(self._is_slow(seconds) for seconds in elapsed.values())

    def report(self, processed: int, busy: int) -> tuple[StackTime, ...]:
        """Return the totals where most time was spent lately; learn what a message usually takes.

        Args:
            processed, busy: the consumer's totals now, messages and microseconds.
        """
        self._learn(processed, busy)
        self._share.grow(self._totals)
        weights = self._share.weights()
        named = (key for key in weights if key != OTHER)
        top = sorted(named, key=lambda key: weights[key], reverse=True)[:REPORTED]
        reported: dict[Any, int] = self._share.of(top)
        return tuple(
            StackTime(OTHER, "", "", "", total)
            if key == OTHER
            else StackTime(key[0], key[1], key[2], key[3], total)
            for key, total in reported.items()
        )

    def in_hand(self, now: int, frames: dict[int, Any]) -> tuple[InHand, ...]:
        """Return the messages that have been in hand for longest, and where their threads are."""
        oldest = sorted(self.begun(), key=lambda item: item[1])[:MAX_IN_HAND]
        places = self.look(oldest, frames)
        rows = []
        for own, started in oldest:
            age = (now - started) / 1e9
            if age >= MIN_AGE and own in places:
                topic, place, library = places[own]
                rows.append(InHand(topic, age, place, library, own.state))
        return tuple(rows)

    def _states(
        self, elapsed: dict[Handling, float], period: float, full: bool, computing: str
    ) -> None:
        """Note what each thread did since the last look: it ran, or wanted to, or waited.

        Args:
            elapsed: seconds that each thread has its message in hand.
            period, full: as of ``count``.
            computing: the state of a thread that ran.
        """
        before = self._times
        now_by_thread = {own: own.processor_times() for own in self._threads()[:MAX_THREADS]}
        self._times = {own: times for own, times in now_by_thread.items() if times is not None}
        wanted, had_turn = {}, {}
        for own, seconds in elapsed.items():
            now = self._times.get(own)
            then = before.get(own, own.times_at_first) or now
            grown = [b - a for a, b in zip(then, now)] if now and then else [0, 0]
            wanted[own] = sum(grown) / 1e9
            had_turn[own] = grown[0] / 1e9 >= MIN_RAN_SHARE * min(period, seconds)
        # Under one interpreter lock threads that compute share one core.
        full = full or sum(wanted[own] for own in elapsed if had_turn[own]) >= FULL_SHARE * period
        least = COMPUTING_SHARE / len(elapsed) if full and elapsed else COMPUTING_SHARE
        for own, seconds in elapsed.items():
            if wanted[own] < least * min(period, seconds):
                own.state = FULL if full else WAITING
            elif had_turn[own]:
                own.state = computing
            else:  # ready, without a turn: it does what it did
                own.state = own.state or WAITING

    def _is_slow(self, elapsed: float) -> bool:
        if self._usual is None:
            return elapsed > MIN_AGE
        return elapsed > SLOW_FACTOR * self._usual + SLOW_SECONDS

    def _learn(self, processed: int, busy: int) -> None:
        done, spent = processed - self._seen[0], busy - self._seen[1]
        self._seen = (processed, busy)
        if done <= 0:
            return
        mean = spent / done / 1e6
        if self._usual is None:
            self._usual = mean
        self._usual += (mean - self._usual) * (1 - 0.5 ** (1 / USUAL_HALF_LIFE))


class Sampler:
    """Looks at the threads of all consumers when it is time; used by one thread."""

    def __init__(self, stacks: Sequence[Stacks]) -> None:
        self._stacks = stacks
        self._looked, self._process = time.perf_counter_ns(), time.process_time_ns()
        self._due = self._looked + int(SELDOM * 1e9)
        self._alert = 0

    def due(self) -> float:
        """Return the seconds until the next look."""
        return max(0.0, (self._due - time.perf_counter_ns()) / 1e9)

    def look(self) -> None:
        """Look, if it is time."""
        now = time.perf_counter_ns()
        if now < self._due:
            return
        process = time.process_time_ns()
        period = min(MAX_PERIOD, (now - self._looked) / 1e9)
        full = process - self._process >= FULL_SHARE * period * 1e9
        # Waiting for a processor uses none: then it is a busy machine that makes a look late.
        used, planned = process - self._process, self._due - self._looked
        late = int(HELD_SECONDS * 1e9)
        held = now - self._due >= late and used >= planned + late
        self._looked, self._process = now, process
        begun = [stacks.begun() for stacks in self._stacks]
        frames = sys._current_frames() if any(begun) else {}
        places = [stacks.look(message, frames) for stacks, message in zip(self._stacks, begun)]
        # A frame that is kept keeps what its function holds.
        frames.clear()
        slow = [
            stacks.count(place, now, period, full, held=held)
            for stacks, place in zip(self._stacks, places)
        ]
        if any(slow):
            self._alert = now + int(ALERT_SECONDS * 1e9)
        self._due = now + int((OFTEN if now < self._alert else SELDOM) * 1e9)
