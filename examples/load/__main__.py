"""``python -m examples.load --config FILE --rate 5 --count 100``: publish and report as JSON.

The report: ``sent``, ``seconds``, ``late`` (greatest lateness, s) and ``topics`` (sent of each).
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import fedmsg
import fedmsg.config
import fedmsg.core

from . import profiles
from .captured import replayed
from .recorded import recorded
from .traffic import builds, everyday

KINDS = {"everyday": everyday, "builds": builds, "captured": replayed}
PROFILES = ("constant", "poisson", "diurnal", "burst", "file")


def main() -> None:
    """Publish through the relay until the count, the time, SIGTERM or Ctrl-C; print the report."""
    options = _parse()
    config = fedmsg.config.load_config([], [], filenames=[str(options.config)])
    config.update(name="relay_inbound", active=True, post_init_sleep=1.0)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fedmsg.core.time = WrongClock(options.clock)
    sent: Counter[str] = Counter()
    began, late = time.monotonic(), 0.0
    try:
        fedmsg.init(**config)
        began = time.monotonic()
        for due, topic, message in islice(_traffic(options), options.count or None):
            if options.seconds and due > options.seconds:
                break
            wait = began + due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif due:
                late = max(late, -wait)
            modname, _, subtopic = topic.partition(".")
            fedmsg.publish(modname=modname, topic=subtopic, msg=message)
            sent[topic] += 1
    except KeyboardInterrupt:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Closing waits for what is still in zmq's buffers (zmq_linger).
    fedmsg.destroy()
    seconds = round(time.monotonic() - began, 3)
    print(
        json.dumps(
            {"sent": sent.total(), "seconds": seconds, "late": round(late, 3), "topics": sent}
        ),
        flush=True,
    )


class WrongClock:
    """The module ``time`` of a machine whose clock is wrong by ``ahead`` seconds."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead

    def time(self) -> float:
        """Return the wall time that such a machine believes in."""
        return time.time() + self._ahead

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def _traffic(options: argparse.Namespace) -> Iterator[tuple[float, str, dict[str, Any]]]:
    if options.profile == "file":
        yield from recorded(options.file, options.speed)
        return
    rng = random.Random(options.seed)
    for due, (topic, message) in zip(_times(options, rng), KINDS[options.kind](rng)):
        yield due, topic, message


def _times(options: argparse.Namespace, rng: random.Random) -> Iterator[float]:
    if not options.rate:
        return profiles.at_once()
    if options.profile == "constant":
        return profiles.constant(options.rate)
    if options.profile == "diurnal":
        return profiles.diurnal(options.rate, rng, options.period, options.depth)
    if options.profile == "burst":
        return profiles.burst(options.rate, rng, options.peak, options.at, options.length)
    return profiles.poisson(options.rate, rng)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.load", description=__doc__)
    add = parser.add_argument
    add("--config", type=Path, required=True, help="a fedmsg configuration file")
    add("--rate", type=float, default=0, help="messages/s; 0: as fast as it goes")
    add("--count", type=int, default=0, help="messages; 0: until stopped")
    add("--seconds", type=float, default=0, help="how long; 0: until stopped")
    add("--kind", choices=KINDS, default="everyday")
    add("--profile", choices=PROFILES, default="poisson")
    add("--period", type=float, default=profiles.DAY, help="diurnal: seconds of a day")
    add("--depth", type=float, default=0.8, help="diurnal: 0 (no night) to 1")
    add("--peak", type=float, default=100, help="burst: messages/s")
    add("--at", type=float, default=10, help="burst: seconds until it begins")
    add("--length", type=float, default=10, help="burst: seconds that it lasts")
    add("--file", type=Path, help="file: one message as JSON a line")
    add("--speed", type=float, default=1, help="file: how many times faster than it was")
    add("--clock", type=float, default=0, help="seconds by which this sender's clock is ahead")
    add("--seed", type=int, default=1)
    options = parser.parse_args()
    if (options.profile == "file") != (options.file is not None):
        parser.error("--profile file and --file belong together")
    if min(options.rate, options.count, options.seconds) < 0 or options.speed <= 0:
        parser.error("--rate, --count, --seconds and --speed cannot be negative")
    return options


if __name__ == "__main__":
    main()
