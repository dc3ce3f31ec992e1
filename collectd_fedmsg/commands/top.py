"""``collectd-fedmsg top``: every daemon of this host in the terminal, worst first."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

from collectd_fedmsg import rates
from collectd_fedmsg.errors import CounterReset
from collectd_fedmsg.reader import Harvest, Reader
from collectd_fedmsg.requester import Requester
from collectd_fedmsg.sample import Sample

SOCKETS = "/run/fedmsg-health/*.sock"
HEAD = ("RECEIVED", "PROCESSED", "BACKLOG", "IN/s", "OUT/s", "OLDEST")
#: By service and consumer: the last two samples.
Rows = Mapping[tuple[str, str], list[Sample]]


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("top", help="every daemon of this host, worst first")
    parser.add_argument("--endpoints", default=SOCKETS, help="socket files (glob)")
    parser.add_argument("--once", action="store_true", help="print once and end")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the view each second until Ctrl-C; 1 when asked once and nobody answers."""
    requester = Requester()
    reader = Reader([options.endpoints], requester)
    last: dict[tuple[str, str], list[Sample]] = {}
    try:
        while True:
            harvest = reader.collect(1.0, time.time())
            _keep(last, harvest)
            if not options.once:
                sys.stdout.write("\x1b[H\x1b[2J")
            print("\n".join(table(last) + troubles(harvest)), flush=True)
            if options.once:
                return 0 if last else 1
            time.sleep(1)
    except KeyboardInterrupt:
        return 0
    finally:
        requester.close()


def _keep(last: dict[tuple[str, str], list[Sample]], harvest: Harvest) -> None:
    for ended in harvest.ended:
        for key in [key for key in last if key[0] == ended.service]:
            del last[key]
    for _, origin, samples in harvest.fresh:
        for sample in samples:
            kept = last.setdefault((origin.service, sample.consumer), [])
            kept.append(sample)
            del kept[:-2]


def badness(sample: Sample) -> tuple[float, float]:
    """Return what rows are sorted by: the oldest message's age (s), then the backlog."""
    return (sample.oldest or 0.0, sample.backlog)


def table(last: Rows) -> list[str]:
    """Return the lines of the view, worst first; '-' is unknown."""
    lines = [_line("DAEMON", *HEAD)]
    for (service, consumer), kept in sorted(
        last.items(), key=lambda row: badness(row[1][-1]), reverse=True
    ):
        now = kept[-1]
        arriving = completing = "-"
        if len(kept) > 1:
            try:
                both = rates.between(kept[0], now)
                arriving = f"{both.arrival_rate:.1f}"
                completing = f"{both.completion_rate:.1f}"
            except (CounterReset, ValueError):
                pass
        backlog = str(now.backlog) if now.observable else "-"
        oldest = f"{now.oldest:.1f} s" if now.oldest is not None and now.observable else "-"
        lines.append(_line(printable(f"{service}/{consumer}"), str(now.received),
                           str(now.processed), backlog, arriving, completing, oldest))  # fmt: skip
    return lines


def troubles(harvest: Harvest) -> list[str]:
    """Return a line for each daemon that does not answer as it should."""
    return [f"silent: {printable(one)}" for one in harvest.silent] + [
        f"error: {printable(one)}: {printable(error)}" for one, error in harvest.errors.items()
    ]


def printable(text: str) -> str:
    """Return text that no terminal takes for a command."""
    return text.encode("ascii", "backslashreplace").decode().translate(_CONTROLS)


_CONTROLS = {number: f"\\x{number:02x}" for number in [*range(32), 127]}


def _line(name: str, *columns: str) -> str:
    return f"{name:<34.34}" + "".join(f"{one:>{width}}" for one, width in zip(columns, WIDTHS))


WIDTHS = (12, 12, 10, 9, 9, 10)
