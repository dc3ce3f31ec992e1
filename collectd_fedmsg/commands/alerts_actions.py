"""``collectd-fedmsg alerts list|ack|unack|silence|unsilence|status``, on the evaluator's file."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from collectd_fedmsg import humanize
from collectd_fedmsg.alerts import actions
from collectd_fedmsg.alerts.health import age, ailments
from collectd_fedmsg.alerts.notice_text import clock, one_line
from collectd_fedmsg.alerts.rules import Match
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.commands.alerts import STATE
from collectd_fedmsg.errors import HealthError
from collectd_fedmsg.names import visible

Action = Callable[[AlertDatabase, argparse.Namespace, float], int]


def add(subcommands: Any) -> None:
    """Add the parsers."""
    _parser(subcommands, "list", show, "active, acknowledged and past alerts, and silences")
    ack = _parser(subcommands, "ack", acknowledge, "no more reminders of an alert")
    ack.add_argument("id")
    ack.add_argument("--comment", default="")
    _parser(subcommands, "unack", unacknowledge, "take it back").add_argument("id")
    silence = _parser(
        subcommands, "silence", silenced, "send no notices of matching alerts, for a while"
    )
    for part in ("host", "service", "consumer", "rule"):
        silence.add_argument(f"--{part}", action="append", help="name or pattern; repeat")
    silence.add_argument("--for", dest="span", required=True, help="30min, 2h, at most 30d")
    silence.add_argument("--comment", default="")
    _parser(subcommands, "unsilence", unsilenced, "end a silence now").add_argument("id")
    plugin.behave(
        _parser(subcommands, "status", status, "a Nagios/Icinga check of the evaluator itself")
    )


def _parser(subcommands: Any, name: str, action: Action, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subcommands.add_parser(name, help=text)
    parser.add_argument("--state", type=Path, default=STATE, help="the evaluator's file")
    parser.add_argument("--by", default=user_name(), help="who does it")
    parser.set_defaults(run=lambda options: _with_database(action, options))
    return parser


def user_name() -> str:
    """Return who runs this: in a container nothing may name the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _with_database(action: Action, options: argparse.Namespace) -> int:
    try:
        reads = action in (show, status)
        database = AlertDatabase(options.state, create=False, read_only=reads)
        try:
            return action(database, options, time.time())
        finally:
            database.close()
    except (HealthError, OSError, ValueError) as error:
        if action is status:
            # A missing permission says nothing about the evaluator.
            denied = _denied(options.state)
            code = plugin.UNKNOWN if denied else plugin.CRITICAL
            print(plugin.line(code, denied or str(error), []))
            return code
        print(error, file=sys.stderr)
        return 1


def _denied(path: Path) -> str:
    """Return why a file may not be read, empty when it may or is not there."""
    try:
        # Not to wait for the other end of a named pipe.
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        return ""
    except PermissionError as error:
        return f"{path}: {error.strerror}: is this user in the evaluator's group?"
    except OSError:
        return ""


def show(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """Print open alerts with acknowledgements, those of the last day, and silences."""
    state, at = database.load()
    print(age(at, now))
    for wrong in ailments(database, now):
        print(visible(wrong.text))
    for alert in sorted(state.alerts, key=lambda alert: alert.since):
        by = f"  acknowledged by {alert.ack.by}" if alert.ack else ""
        print(
            visible(f"{alert.id}  {alert.severity:8}  {clock(alert.since)}  {one_line(alert)}{by}")
        )
    for alert in database.past(now - 86400, now)[:20]:
        print(visible(f"{alert.id}  over      {clock(alert.since)}  {one_line(alert)}"))
    for silence in database.actions().silences:
        if silence.end > now:
            print(
                visible(
                    f"silence {silence.id} until {clock(silence.end)} by {silence.by}:"
                    f" {actions.words(silence.match)} {silence.comment}"
                )
            )
    return 0


def acknowledge(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """Acknowledge an open alert."""
    actions.acknowledge(database, options.id, options.by, options.comment, now)
    return 0


def unacknowledge(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """Take an acknowledgement back."""
    database.acknowledge(options.id, None)
    return 0


def silenced(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """Keep a silence and print its id."""
    parts = {
        part: tuple(getattr(options, part) or ("*",))
        for part in ("host", "service", "consumer", "rule")
    }
    span = humanize.parse_duration(options.span)
    made = actions.silence(
        Match(**parts), span, options.by, options.comment, now, secrets.token_hex(4)
    )
    database.silence(made)
    print(f"{made.id} until {clock(made.end)}")
    return 0


def unsilenced(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """End a silence now; it stays in the list of past ones."""
    for silence in database.silences():
        if silence.id == options.id:
            database.silence(replace(silence, end=min(silence.end, now)))
            return 0
    raise HealthError(f"no silence {options.id!r}")


def status(database: AlertDatabase, options: argparse.Namespace, now: float) -> int:
    """Print one line for a Nagios check: are rules evaluated and notices delivered?"""
    at, _ = database.evaluated()
    wrong = ailments(database, now)
    code = max(
        (plugin.CRITICAL if ailment.critical else plugin.WARNING for ailment in wrong),
        default=plugin.OK,
    )
    text = "; ".join(ailment.text for ailment in wrong) or age(at, now)
    print(plugin.line(code, text, [f"'age'={max(0.0, now - at):.0f}s;;;0"]))
    return code
