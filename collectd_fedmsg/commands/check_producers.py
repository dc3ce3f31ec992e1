"""``collectd-fedmsg check producers``: whether each polling producer has run lately.

Fedora's ``check_fedmsg_producers_last_ran`` of 2014, for every producer of a daemon at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.protocol.roster import Producer
from collectd_fedmsg.reader.collect import Harvest

#: Intervals without a run that are worth a warning, and an alarm, when no range is given.
LATE, TOO_LATE = 2, 4
#: Seconds that moksha may sleep longer than an interval.
NAP = 5.0


@dataclass(frozen=True)
class Daemon:
    """One daemon's producers; None when it is too old to report them.

    ``started`` and ``now``: wall times (s) by its own clock, so no skew makes one late.
    """

    service: str
    started: float
    now: float
    producers: Sequence[Producer] | None


def select(harvest: Harvest, service: str) -> dict[str, Daemon]:
    """Return the daemons meant, by endpoint."""
    daemons: dict[str, Daemon] = {}
    counts: Counter[str] = Counter()
    heads = sorted(harvest.heads.items(), key=lambda item: (item[1].origin.started, item[0]))
    for endpoint, head in heads:
        name = head.origin.service
        if fnmatchcase(name, service):
            counts[name] += 1
            label = name if counts[name] == 1 else f"{name}#{counts[name]}"
            daemons[endpoint] = Daemon(label, head.origin.started, head.wall, head.roster.producers)
    return daemons


def absent(daemons: Mapping[str, Daemon], asked: Sequence[str]) -> list[str]:
    """Return which of the names or patterns no daemon has."""
    names = [producer.name for daemon in daemons.values() for producer in daemon.producers or ()]
    return [pattern for pattern in asked if not any(fnmatchcase(name, pattern) for name in names)]


def age(daemon: Daemon, producer: Producer) -> float:
    """Return the seconds since a producer last ran, since the start when it never did."""
    return max(0.0, daemon.now - (producer.last_run or daemon.started))


def examine(
    daemons: Mapping[str, Daemon], asked: Sequence[str], ranges: Sequence[plugin.Range | None]
) -> tuple[int, str, list[str]]:
    """Return exit code, text and performance data; ``asked``: names or patterns, all when empty.

    A producer that does not poll has no last run. A producer that is not initialized is switched
    off: it is wrong only when asked for by name.
    """
    if not daemons:
        return plugin.CRITICAL, "no daemon is there", []
    codes, bad, good, performance = [plugin.OK], list[str](), list[str](), list[str]()
    for daemon in daemons.values():
        if daemon.producers is None:
            codes.append(plugin.UNKNOWN)
            bad.append(f"{daemon.service} is too old to report its producers")
        for producer in daemon.producers or ():
            if asked and not any(fnmatchcase(producer.name, name) for name in asked):
                continue
            label = f"{daemon.service}/{producer.name}"
            if not producer.initialized and asked:
                codes.append(plugin.CRITICAL)
                bad.append(f"{label} is not initialized")
            elif producer.initialized and producer.interval is not None:
                value, limits = (
                    age(daemon, producer),
                    ranges if any(ranges) else usual(producer.interval),
                )
                codes.append(plugin.judge(value, *limits))
                (bad if codes[-1] else good).append(_words(label, producer, value))
                performance.append(
                    plugin.perfdata(f"{label} last_run", round(value, 1), "s", limits)
                )
    fine = good[0] if len(good) == 1 else f"{len(good)} producers ran as wanted"
    return plugin.worst(codes), "; ".join(bad) or fine, performance


def _words(label: str, producer: Producer, seconds: float) -> str:
    ran = "last ran" if producer.last_run else "never ran, started"
    failed = producer.exceptions
    times = f", {failed} times in a row with an exception" if failed else ""
    return f"{label} {ran} {seconds:.0f} s ago{times}"


def usual(interval: float) -> tuple[plugin.Range, plugin.Range]:
    """Return the ranges (s) for a producer that runs every ``interval`` s."""
    warning, critical = (f"{times * interval + NAP:.0f}" for times in (LATE, TOO_LATE))
    return plugin.Range.parse(warning), plugin.Range.parse(critical)
