"""``collectd-fedmsg top``: every daemon of this host in the terminal, worst first.

Drawn with curses, so it fits the window, and leaves the terminal as it was. Into a
pipe or with ``--once`` it prints once and ends.
"""

from __future__ import annotations

import argparse
import contextlib
import curses
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from collectd_fedmsg.reader.collect import Harvest, Reader
from collectd_fedmsg.reader.requester import Requester

from .top_rows import Watch
from .top_screen import Line, troubles, view

SOCKETS = "/run/fedmsg-health/*.sock"
#: Seconds that one look may take, and between two looks.
LOOK, PAUSE = 1.0, 1.0
#: Terminals that cannot place a line: they get the view once.
DUMB = ("", "dumb", "unknown")
QUIT = (ord("q"), ord("Q"), 27)

__all__ = ["SOCKETS", "add", "run", "troubles"]


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("top", help="every daemon of this host, worst first")
    parser.add_argument("--endpoints", default=SOCKETS, help="socket files (glob)")
    parser.add_argument("--once", action="store_true", help="print once and end")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the view until q or Ctrl-C; 1 when asked once and nobody answers."""
    requester = Requester()
    reader, watch = Reader([options.endpoints], requester), Watch()

    def look() -> Harvest:
        now = time.time()
        harvest = reader.collect(LOOK, now)
        watch.note(harvest, now)
        return harvest

    try:
        if not options.once and sys.stdout.isatty() and os.environ.get("TERM", "") not in DUMB:
            with contextlib.suppress(KeyboardInterrupt):
                curses.wrapper(_show, watch, look)
            return 0
        harvest = look()
        rows = watch.rows(time.time())
        print("\n".join(line.text for line in view(rows, harvest, time.time())), flush=True)
        return 0 if rows else 1
    except curses.error as error:
        print(f"top: this terminal cannot be used ({error}); try --once", file=sys.stderr)
        return 1
    finally:
        requester.close()


def _show(screen: Any, watch: Watch, look: Callable[[], Harvest]) -> None:
    """Draw until a key of ``QUIT``."""
    with contextlib.suppress(curses.error):
        curses.curs_set(0)
    colours = _colours()
    screen.timeout(int(PAUSE * 1000))
    harvest, looked = look(), time.monotonic()
    while True:
        height, width = screen.getmaxyx()
        screen.erase()
        now = time.time()
        # The last column of the last line cannot be written to without scrolling.
        for at, line in enumerate(view(watch.rows(now), harvest, now, width - 1, height)):
            with contextlib.suppress(curses.error):  # the window has shrunk meanwhile
                screen.addstr(
                    at, 0, line.text.encode(screen.encoding, "replace"), _style(line, colours)
                )
        screen.refresh()
        if screen.getch() in QUIT:
            return
        if time.monotonic() - looked >= PAUSE:
            harvest, looked = look(), time.monotonic()


def _colours() -> dict[int, int]:
    """Return attributes by whole severity; bold alone where there is no colour."""
    with contextlib.suppress(curses.error):
        curses.use_default_colors()
        curses.init_pair(1, curses.COLOR_RED, -1)
        curses.init_pair(2, curses.COLOR_YELLOW, -1)
        return {3: curses.color_pair(1) | curses.A_BOLD, 2: curses.color_pair(2)}
    return {3: curses.A_BOLD}


def _style(line: Line, colours: dict[int, int]) -> int:
    if line.head:
        return curses.A_REVERSE
    return 0 if line.severity is None else colours.get(min(3, int(line.severity)), 0)
