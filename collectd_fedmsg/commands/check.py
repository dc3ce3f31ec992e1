"""``collectd-fedmsg check``: a Nagios and Icinga plugin that asks the daemons directly.

A daemon that does not answer in time is CRITICAL: by the guidelines UNKNOWN is for mistakes
of the call and failures within the plugin only.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from collectd_fedmsg.commands import check_producers as producers
from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.commands.options import seconds
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Harvest, latest

UNITS = {"backlog": "", "oldest": "s", "exceptions": "", "present": "", "producers": "s"}
Found = dict[str, list[Sample]]


class _Bad(Exception):  # noqa: N818 - carries the exit code and the text to main
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("check", help="a Nagios/Icinga check of the daemons here")
    plugin.behave(parser)
    parser.add_argument("mode", nargs="?", default="backlog", choices=tuple(UNITS))
    parser.add_argument("-w", "--warning", type=_range, help="range")
    parser.add_argument("-c", "--critical", type=_range, help="range")
    parser.add_argument("-t", "--timeout", type=seconds(0.1, 600), default=10.0, help="seconds")
    parser.add_argument("--service", default="*", help="name or pattern")
    parser.add_argument("--consumer", action="append", help="name or pattern; repeat")
    parser.add_argument("--producer", action="append", help="name or pattern; repeat")
    parser.add_argument(
        "--window", type=seconds(0, 7 * 86400), default=300.0, help="seconds: exceptions"
    )
    parser.add_argument("--endpoints", default="/run/fedmsg-health/*.sock", help="glob")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line; return 0 to 3."""
    try:
        harvest = latest([options.endpoints], options.timeout, time.time())
        code, text, performance = examine(options, harvest)
    except _Bad as bad:
        code, text, performance = bad.code, str(bad), []
    except Exception as error:  # the plugin's own failure, whatever it is
        code, text, performance = plugin.UNKNOWN, f"{type(error).__name__}: {error}", []
    print(plugin.line(code, text, performance))
    return code


def examine(options: argparse.Namespace, harvest: Harvest) -> tuple[int, str, list[str]]:
    """Return exit code, text and performance data of one answer of the daemons."""
    samples = select(harvest, options.service, options.consumer or ["*"])
    daemons = producers.select(harvest, options.service)
    asked = options.producer or []
    denied = [
        f"{where}: {error}"
        for where, error in harvest.errors.items()
        if "ermission denied" in error
    ]
    wrong = _gaps(options, harvest, samples, daemons)
    if denied and not samples:
        # No socket could be read, so nothing is known of the daemons.
        raise _Bad(plugin.UNKNOWN, "; ".join(denied))
    if wrong:
        raise _Bad(plugin.CRITICAL, "; ".join(wrong))
    if asked and any(daemon.producers is None for daemon in daemons.values()):
        raise _Bad(
            plugin.UNKNOWN, f"{options.service}: a daemon is too old to report its producers"
        )
    if options.mode == "producers":
        return producers.examine(daemons, asked, (options.warning, options.critical))
    if options.mode == "present":
        more = f" and {len(asked)} producers" if asked else ""
        return plugin.OK, f"{len(samples)} consumers{more} are there", []
    return _values(options, samples)


def _gaps(
    options: argparse.Namespace,
    harvest: Harvest,
    selected: Found,
    daemons: Mapping[str, producers.Daemon],
) -> list[str]:
    """Return the daemons that do not answer, and the names asked for that are missing."""
    wrong = [
        f"{where}: no answer in {options.timeout:g} s"
        for where in harvest.silent
        if _about(where, options.service)
    ]
    wrong += [
        f"{where}: {error}"
        for where, error in harvest.errors.items()
        if _about(where, options.service)
    ]
    names = {sample.consumer for samples in selected.values() for sample in samples}
    wanted = options.consumer or ([] if options.mode == "producers" else ["*"])
    absent = [
        pattern for pattern in wanted if not any(fnmatchcase(name, pattern) for name in names)
    ]
    knowing = [daemon for daemon in daemons.values() if daemon.producers is not None]
    if knowing or not daemons:
        absent += producers.absent(daemons, options.producer or [])
    return wrong + _absent(options, absent)


def _absent(options: argparse.Namespace, names: Sequence[str]) -> list[str]:
    service = "" if options.service == "*" else f" {options.service}"
    if "*" in names:  # not one, of whatever name
        return [f"no daemon{service} answers at {options.endpoints}"]
    return [f"not there: {', '.join(names)}{service and f' of{service}'}"] if names else []


def _values(options: argparse.Namespace, selected: Found) -> tuple[int, str, list[str]]:
    ranges, unit = (options.warning, options.critical), UNITS[options.mode]
    codes, bad, good, performance = [plugin.OK], list[str](), list[str](), list[str]()
    for name, samples in sorted(selected.items()):
        value = measure(options.mode, samples, options.window)
        if value is None:
            codes.append(plugin.UNKNOWN)
            bad.append(f"{name}: blocking mode hides its backlog")
            continue
        codes.append(plugin.judge(value, *ranges))
        (bad if codes[-1] else good).append(f"{name} {options.mode} {value:g}{unit}")
        performance.append(plugin.perfdata(f"{name} {options.mode}", value, unit, ranges))
    well = good[0] if len(good) == 1 else f"{len(selected)} consumers, {options.mode} as wanted"
    return plugin.worst(codes), "; ".join(bad) or well, performance


def select(harvest: Harvest, service: str, consumers: Sequence[str]) -> Found:
    """Return the samples of the daemons meant, oldest first, by ``service/consumer``.

    Of several daemons of one name on this host the second is ``service#2``, by their starts:
    a pid in a label would make new performance data at each restart.
    """
    fresh = sorted(
        (row for row in harvest.fresh if fnmatchcase(row[1].service, service)),
        key=lambda row: (row[1].started, row[1].pid),
    )
    names = numbered([(origin.service, origin.run) for _, origin, _ in fresh])
    selected: Found = {}
    for _, origin, samples in fresh:
        for sample in samples:
            if any(fnmatchcase(sample.consumer, pattern) for pattern in consumers):
                name = f"{names[origin.service, origin.run]}/{sample.consumer}"
                selected.setdefault(name, []).append(sample)
    return selected


def numbered(runs: Sequence[tuple[str, object]]) -> dict[tuple[str, object], str]:
    """Return a name for each (service, run): the service's own, then with ``#2``, ``#3``."""
    names: dict[tuple[str, object], str] = {}
    for service, run in dict.fromkeys(runs):
        count = sum(known == service for known, _ in names) + 1
        names[service, run] = service if count == 1 else f"{service}#{count}"
    return names


def measure(mode: str, samples: Sequence[Sample], window: float) -> float | None:
    """Return backlog (messages), oldest (s) or exceptions (messages in ``window`` s)."""
    last = samples[-1]
    if mode == "exceptions":
        # Totals only grow, so the window's own count is a difference; no poll resets them.
        earlier = [sample for sample in samples if sample.time >= last.time - window]
        return last.failed - earlier[0].failed
    if not last.observable:
        return None
    return float(last.backlog) if mode == "backlog" else last.oldest or 0.0


def _about(endpoint: str, service: str) -> bool:
    return fnmatchcase(endpoint.rpartition("/")[2].rsplit(".", 2)[0], service)


def _range(text: str) -> plugin.Range:
    try:
        return plugin.Range.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
