"""``collectd-fedmsg alerts list|ack|unack|silence|unsilence|status``: by the evaluator's file."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from collectd_fedmsg import humanize
from collectd_fedmsg.alerts import actions as orders
from collectd_fedmsg.alerts.notice_text import clock, one_line
from collectd_fedmsg.alerts.rules import Match
from collectd_fedmsg.alerts.state_db import Book
from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.commands.alerts import STATE
from collectd_fedmsg.commands.top import printable
from collectd_fedmsg.errors import HealthError

Deed = Callable[[Book, argparse.Namespace, float], int]


def add(deeds: Any) -> None:
    """Add the deeds' parsers."""
    _parser(deeds, "list", show, "active, acknowledged and past alerts, and silences")
    ack = _parser(deeds, "ack", acknowledge, "no more reminders of an alert")
    ack.add_argument("id")
    ack.add_argument("--comment", default="")
    _parser(deeds, "unack", unacknowledge, "take it back").add_argument("id")
    silence = _parser(deeds, "silence", silenced, "tell nobody of what matches, for a while")
    for part in ("host", "service", "consumer", "rule"):
        silence.add_argument(f"--{part}", action="append", help="name or pattern; repeat")
    silence.add_argument("--for", dest="span", required=True, help="30min, 2h, at most 30d")
    silence.add_argument("--comment", default="")
    _parser(deeds, "unsilence", unsilenced, "end a silence now").add_argument("id")
    _parser(deeds, "status", status, "a Nagios/Icinga check of the evaluator itself")


def _parser(deeds: Any, name: str, deed: Deed, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = deeds.add_parser(name, help=text)
    parser.add_argument("--state", type=Path, default=STATE, help="the evaluator's file")
    parser.add_argument("--by", default=getpass.getuser(), help="who orders it")
    parser.set_defaults(run=lambda options: _with_book(deed, options))
    return parser


def _with_book(deed: Deed, options: argparse.Namespace) -> int:
    try:
        book = Book(options.state, create=False)
        try:
            return deed(book, options, time.time())
        finally:
            book.close()
    except (HealthError, OSError, ValueError) as error:
        if deed is status:
            print(plugin.line(plugin.CRITICAL, str(error), []))
            return plugin.CRITICAL
        print(error, file=sys.stderr)
        return 1


def show(book: Book, options: argparse.Namespace, now: float) -> int:
    """Print what is open, who knows of it, what was of late, what is silenced."""
    state, at = book.load()
    given = book.orders()
    print(f"last evaluated {humanize.duration(now - at)} ago" if at else "never evaluated")
    for one in sorted(state.alerts, key=lambda alert: alert.since):
        by = f"  acknowledged by {one.ack.by}" if one.ack else ""
        print(printable(f"{one.id}  {one.severity:8}  {clock(one.since)}  {one_line(one)}{by}"))
    for one in book.past(now - 86400, now)[:20]:
        print(printable(f"{one.id}  over      {clock(one.since)}  {one_line(one)}"))
    for silence in given.silences:
        if silence.end > now:
            print(printable(f"silence {silence.id} until {clock(silence.end)} by {silence.by}:"
                            f" {orders.words(silence.match)} {silence.comment}"))
    return 0


def acknowledge(book: Book, options: argparse.Namespace, now: float) -> int:
    """Acknowledge an open alert."""
    orders.acknowledge(book, options.id, options.by, options.comment, now)
    return 0


def unacknowledge(book: Book, options: argparse.Namespace, now: float) -> int:
    """Take an acknowledgement back."""
    book.acknowledge(options.id, None)
    return 0


def silenced(book: Book, options: argparse.Namespace, now: float) -> int:
    """Keep a silence and print its id."""
    parts = {part: tuple(getattr(options, part) or ("*",))
             for part in ("host", "service", "consumer", "rule")}
    span = humanize.parse_duration(options.span)
    made = orders.silence(Match(**parts), span, options.by, options.comment, now,
                          secrets.token_hex(4))
    book.silence(made)
    print(f"{made.id} until {clock(made.end)}")
    return 0


def unsilenced(book: Book, options: argparse.Namespace, now: float) -> int:
    """End a silence now; it stays in the list of past ones."""
    for one in book.silences():
        if one.id == options.id:
            book.silence(replace(one, end=min(one.end, now)))
            return 0
    raise HealthError(f"no silence {options.id!r}")


def status(book: Book, options: argparse.Namespace, now: float) -> int:
    """Print one line by the guidelines: who watches the watchman."""
    at, every = book.evaluated()
    code, said = plugin.OK, [f"evaluated {now - at:.0f} s ago"]
    if now - at > 3 * every + 30:
        code = plugin.CRITICAL
    _, trouble = book.good_rules()
    if trouble:
        code, said = max(code, plugin.WARNING), [*said, f"the rules are refused: {trouble}"]
    for one in book.undelivered():
        if now - one["since"] > 600:
            code = plugin.CRITICAL
            said.append(f"{one['output']}: {one['waiting']} notices wait: {one['error']}")
    print(plugin.line(code, "; ".join(said), [f"'age'={max(0.0, now - at):.0f}s;;;0"]))
    return code
