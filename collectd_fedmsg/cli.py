"""``collectd-fedmsg COMMAND``: one module in ``commands`` for each."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

#: Modules with ``add(commands)``: it adds a parser whose ``run(options)`` returns the exit code.
COMMANDS = (
    "top",
    "doctor",
    "config",
    "keys",
    "check",
    "alerts",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="collectd-fedmsg", description="Queue health of message-bus daemons."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    given = list(sys.argv[1:] if argv is None else argv)
    # Loading them all takes longer than most commands: one that is named comes alone.
    named = given[:1] if given[:1] and given[0] in COMMANDS else COMMANDS
    for name in named:
        importlib.import_module(f"collectd_fedmsg.commands.{name}").add(commands)
    options = parser.parse_args(given)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
