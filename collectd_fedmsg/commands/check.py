"""``collectd-fedmsg check``: a plugin for Nagios and Icinga that asks the daemons themselves.

A daemon that does not answer in time is CRITICAL: by the guidelines UNKNOWN is for mistakes
of the call and failures within the plugin only.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, NoReturn

from collectd_fedmsg import plugin_guidelines as plugin
from collectd_fedmsg.commands import check_producers as producers
from collectd_fedmsg.reader import Harvest, latest
from collectd_fedmsg.sample import Sample

UNITS = {"backlog": "", "oldest": "s", "exceptions": "", "present": "", "producers": "s"}
Found = dict[tuple[str, str], list[Sample]]


class _Bad(Exception):  # noqa: N818 - carries the exit code and the text to main
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("check", help="a Nagios/Icinga check of the daemons here")
    # By the guidelines a wrong call is UNKNOWN, 3; argparse would exit with 2, CRITICAL.
    parser.error = _usage
    parser.add_argument("mode", nargs="?", default="backlog", choices=tuple(UNITS))
    parser.add_argument("-w", "--warning", type=_range, help="range")
    parser.add_argument("-c", "--critical", type=_range, help="range")
    parser.add_argument("-t", "--timeout", type=float, default=10.0, help="seconds")
    parser.add_argument("--service", default="*", help="name or pattern")
    parser.add_argument("--consumer", action="append", help="name or pattern; repeat")
    parser.add_argument("--producer", action="append", help="name or pattern; repeat")
    parser.add_argument("--window", type=float, default=300.0, help="seconds: exceptions")
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
    trouble = [f"{where}: no answer in {options.timeout:g} s" for where in harvest.silent
               if _about(where, options.service)]
    trouble += [f"{where}: {error}" for where, error in harvest.errors.items()
                if _about(where, options.service)]
    wanted = options.consumer or ([] if options.mode == "producers" else ["*"])
    found = select(harvest, options.service, wanted)
    seen = producers.select(harvest, options.service)
    absent = [one for one in wanted if not any(fnmatchcase(name, one) for _, name in found)]
    asked = options.producer or []
    if asked and not trouble and any(one.producers is None for one in seen.values()):
        raise _Bad(plugin.UNKNOWN, f"{options.service}: a daemon is too old to tell its producers")
    absent += producers.absent(seen, asked)
    if trouble or absent:
        missing = [f"not there: {', '.join(absent)} of {options.service}"] if absent else []
        raise _Bad(plugin.CRITICAL, "; ".join(trouble + missing))
    ranges = (options.warning, options.critical)
    if options.mode == "producers":
        return producers.examine(seen, asked, ranges)
    if options.mode == "present":
        beside = f" and {len(asked)} producers" if asked else ""
        return plugin.OK, f"{len(found)} consumers{beside} are there", []
    codes, bad, performance = [plugin.OK], [], []
    for (service, name), samples in sorted(found.items()):
        value = measure(options.mode, samples, options.window)
        if value is None:
            raise _Bad(plugin.UNKNOWN, f"{service}/{name}: blocking mode hides its backlog")
        code = plugin.judge(value, *ranges)
        codes.append(code)
        words = f"{service}/{name} {options.mode} {value:g}{UNITS[options.mode]}"
        if code:
            bad.append(words)
        label = f"{service}/{name} {options.mode}"
        performance.append(plugin.perfdata(label, value, UNITS[options.mode], ranges))
        good = words if len(found) == 1 else f"{len(found)} consumers, {options.mode} as wanted"
    return max(codes), "; ".join(bad) or good, performance


def select(harvest: Harvest, service: str, consumers: Sequence[str]) -> Found:
    """Return the samples of the daemons meant, oldest first, by service and consumer."""
    found: Found = {}
    for _, origin, samples in harvest.fresh:
        for sample in samples:
            if fnmatchcase(origin.service, service) and any(
                    fnmatchcase(sample.consumer, one) for one in consumers):
                found.setdefault((origin.service, sample.consumer), []).append(sample)
    return found


def measure(mode: str, samples: Sequence[Sample], window: float) -> float | None:
    """Return backlog (messages), oldest (s) or exceptions (messages in ``window`` s)."""
    last = samples[-1]
    if mode == "exceptions":
        # Totals only grow, so the window's own count is a difference; no poll resets them.
        earlier = [one for one in samples if one.time >= last.time - window]
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


def _usage(message: str) -> NoReturn:
    print(plugin.line(plugin.UNKNOWN, message, []))
    sys.exit(plugin.UNKNOWN)
