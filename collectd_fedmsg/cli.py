"""``collectd-fedmsg COMMAND``: one module in ``commands`` for each."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from collectd_fedmsg import __version__

#: Modules with ``add(commands)``: it adds a parser whose ``run(options)`` returns the exit code.
COMMANDS = (
    "top",
    "doctor",
    "config",
    "keys",
    "check",
    "alerts",
    "diagnose",
    "backtest",
    "rewind",
)

#: What a shell says of a command that SIGPIPE ended.
CUT_SHORT = 141


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of these commands; without names, of all."""
    whole = argparse.ArgumentParser(
        prog="collectd-fedmsg", description="Queue health of message-bus daemons."
    )
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name in names:
        importlib.import_module(f"collectd_fedmsg.commands.{name}").add(commands)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    # Loading them all takes longer than most commands: one that is named comes alone.
    named = given[:1] if given[:1] and given[0] in COMMANDS else COMMANDS
    options = parser(named).parse_args(given)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever read has seen enough: ``collectd-fedmsg doctor | head``. Python would complain
        # once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_SHORT


if __name__ == "__main__":
    sys.exit(main())
