"""Commands: ``collectd-fedmsg top`` and ``collectd-fedmsg config``."""

from __future__ import annotations

import argparse
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

from . import rates, snippets
from .errors import CounterReset
from .reader import Reader
from .requester import Requester
from .sample import Sample

SOCKETS = "/run/fedmsg-health/*.sock"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="collectd-fedmsg", description=__doc__)
    commands = parser.add_subparsers(required=True)
    top = commands.add_parser("top", help="every daemon of this host, worst first")
    top.add_argument("--endpoints", default=SOCKETS, help="socket files (glob)")
    top.add_argument("--once", action="store_true", help="print once and end")
    top.set_defaults(run=_top)
    config = commands.add_parser("config", help="print snippets for collectd and fedmsg.d")
    config.add_argument("--interval", type=int, default=10, help="seconds")
    config.add_argument("--run-folder", default="/run/fedmsg-health")
    config.set_defaults(run=_config)
    options = parser.parse_args(argv)
    return int(options.run(options))


def _config(options: argparse.Namespace) -> int:
    here = Path(__file__).resolve().parent.parent
    paths = dict.fromkeys([str(here), sysconfig.get_path("platlib")])
    state = "/var/lib/collectd/collectd_fedmsg.json"
    print(snippets.collectd_block(options.run_folder, state, options.interval, list(paths)))
    print(snippets.fedmsg_snippet(options.run_folder, options.interval))
    return 0


def _top(options: argparse.Namespace) -> int:
    requester = Requester()
    reader = Reader([options.endpoints], requester)
    last: dict[tuple[str, str], list[Sample]] = {}
    try:
        while True:
            harvest = reader.collect(1.0, time.time())
            for _, origin, samples in harvest.fresh:
                for sample in samples:
                    kept = last.setdefault((origin.service, sample.consumer), [])
                    kept.append(sample)
                    del kept[:-2]
            if not options.once:
                sys.stdout.write("\x1b[H\x1b[2J")
            print("\n".join(table(last)))
            for endpoint in harvest.silent:
                print(f"silent: {endpoint}")
            for endpoint, error in harvest.errors.items():
                print(f"error: {endpoint}: {error}")
            if options.once:
                return 0 if last else 1
            time.sleep(1)
    except KeyboardInterrupt:
        return 0
    finally:
        requester.close()


def table(last: dict[tuple[str, str], list[Sample]]) -> list[str]:
    """Return the lines of the view, largest backlog first; '-' is unknown."""
    head = ("RECEIVED", "PROCESSED", "BACKLOG", "IN/s", "OUT/s")
    lines = ["{:<34}{:>12}{:>12}{:>10}{:>9}{:>9}".format("DAEMON", *head)]
    for (service, consumer), kept in sorted(last.items(), key=lambda row: -row[1][-1].backlog):
        now = kept[-1]
        arriving = completing = "-"
        if len(kept) > 1:
            try:
                both = rates.between(kept[0], now)
                arriving = f"{both.arrival_rate:.1f}"
                completing = f"{both.completion_rate:.1f}"
            except (CounterReset, ValueError):
                pass
        name = f"{service}/{consumer}".encode("ascii", "backslashreplace").decode()
        backlog = str(now.backlog) if now.observable else "-"
        lines.append(
            f"{name:<34.34}{now.received:>12}{now.processed:>12}{backlog:>10}"
            f"{arriving:>9}{completing:>9}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
