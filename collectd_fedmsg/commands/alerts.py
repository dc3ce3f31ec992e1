"""``collectd-fedmsg alerts``: check the rules, run the evaluator, test outputs (see ``ADDED``)."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from collectd_fedmsg.alerts.entries import sample
from collectd_fedmsg.alerts.outputs import opened, send
from collectd_fedmsg.alerts.records import Alert, Subject
from collectd_fedmsg.alerts.rules_file import read
from collectd_fedmsg.alerts.service import EvaluatorLoop, Observe, Sight
from collectd_fedmsg.commands.paging import observations
from collectd_fedmsg.errors import ConfigError, HealthError, described
from collectd_fedmsg.names import visible

from . import selection

#: Modules with ``add(subcommands)``: those that use the evaluator's file.
ADDED = ("alerts_actions",)
STATE = Path("/var/lib/collectd-fedmsg/alerts.db")


def add(commands: Any) -> None:
    """Add the command's parser."""
    subcommands = commands.add_parser("alerts", help="rules of alerting").add_subparsers(
        required=True, metavar="ACTION"
    )
    _add_own(subcommands)
    for name in ADDED:
        importlib.import_module(f"collectd_fedmsg.commands.{name}").add(subcommands)


def _add_own(subcommands: Any) -> None:
    parser = subcommands.add_parser("check-config", help="find the mistakes in a rules file")
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=check_config)
    runs = subcommands.add_parser("run", help="evaluate the rules until stopped")
    runs.add_argument("--rules", type=Path, required=True, help="the TOML file")
    runs.add_argument("--state", type=Path, default=STATE, help="the evaluator's file")
    selection.where(runs)
    runs.set_defaults(run=run)
    tests = subcommands.add_parser("test", help="send a test notice through every output")
    tests.add_argument("--rules", type=Path, required=True, help="the TOML file")
    tests.add_argument("--output", action="append", help="only this one; repeat")
    tests.set_defaults(run=test)


def check_config(options: argparse.Namespace) -> int:
    """Print each mistake with file, key and value; 0 when there is none, else 1."""
    try:
        rules, _ = read(options.file)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{options.file}: {len(rules.rules)} rules, {len(rules.overrides)} overrides,"
        f" {len(rules.outputs)} outputs"
    )
    return 0


class OneLine(logging.Formatter):
    """Formats each record as one line, whatever it contains."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return visible(super().format(record))


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP looks at the rules at once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # Every step checks the file anyway; without a handler SIGHUP would end the process.
    signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        loop = EvaluatorLoop(options.rules, options.state, observer(options))
    except (HealthError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    with contextlib.suppress(OSError):  # it evaluates, whether anybody reads this or not
        print(f"Evaluating {options.rules} every {loop.rules.every:g} s", flush=True)
    loop.run(ended)
    return 0


def observer(options: argparse.Namespace) -> Observe:
    """Return what reads the dashboard's store and judges as the dashboard does.

    Raises:
        HealthError: nothing says where the series are, or they cannot be read here.
    """
    series = selection.stored(options)
    if series is None:
        raise HealthError("say where the series are: --data-dir, --prometheus or --config")

    def observe(now: float) -> Sight:
        whole = series.judgement(now)
        quiet = [daemon.id for daemon in whole.daemons if daemon.last is None]
        beats = series.beats({daemon.host for daemon in whole.daemons})
        return observations(whole, last=series.newest(quiet), beats=beats), whole.incidents

    return observe


def test(options: argparse.Namespace) -> int:
    """Send a sample through every output; 0 when all took it, 1 otherwise."""
    try:
        rules, _ = read(options.rules)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    now = time.time()
    body = sample(rules, [example(now)], now)
    names = options.output or list(rules.outputs)
    bad = 0
    for name in names:
        began = time.monotonic()
        try:
            send(opened(rules.outputs[name]), body)
            outcome = f"ok, taken in {time.monotonic() - began:.2f} s"
        except KeyError:
            outcome, bad = f"FAIL, no such output; there are {', '.join(rules.outputs)}", bad + 1
        except HealthError as error:
            outcome, bad = f"FAIL, {described(error)}", bad + 1
        print(f"{name}: {outcome}", flush=True)
    if not names:
        print("there is no output to test", file=sys.stderr)
    return 1 if bad or not names else 0


def example(now: float) -> Alert:
    """Return an alert that is over, as of ``now`` (epoch seconds)."""
    return Alert(
        id="0" * 16,
        rule="test",
        kind="backlog",
        subject=Subject("test", "test", "Test"),
        severity="info",
        since=now - 600,
        raised=now - 300,
        unit="messages",
        value=0.0,
        limit=0.0,
        peak=120.0,
        affected=345.0,
        cleared=now,
        cause="SURGE",
        why=("SURGE: More messages arrive than usual.", "40/s arrive, usual is 2/s"),
        action="Nothing: this is a test.",
        note="a test",
    )
