"""``collectd-fedmsg COMMAND``: one module in ``commands`` for each."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from collectd_fedmsg import __version__
from collectd_fedmsg.errors import HealthError, described
from collectd_fedmsg.streams import Cleaned, complain, flush_or_discard, open_closed

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
    "forget",
)

#: What a shell says of a command that SIGPIPE, and SIGINT, ended.
CUT_SHORT, INTERRUPTED = 141, 130
#: Of a failure that no command expected.
FAILED = 2


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
    open_closed()
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Cleaned(sys.stdout), Cleaned(sys.stderr)
    code: object = None
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        except SystemExit as end:
            code = end.code
            sys.stdout.flush()
            raise
    except BrokenPipeError:
        return CUT_SHORT  # argparse wrote its help
    except OSError as error:
        complain(_sentence(error))
        return code if isinstance(code, int) and code else FAILED
    finally:
        flush_or_discard()
        sys.stdout, sys.stderr = streams


def _run(arguments: list[str]) -> int:
    # Loading them all takes longer than most commands: one that is named comes alone.
    named = arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS
    whole = parser(named)
    options, unknown = whole.parse_known_args(arguments)
    if unknown:
        getattr(options, "usage", whole.error)(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return CUT_SHORT  # whoever read has seen enough: ``collectd-fedmsg doctor | head``
    except Exception as error:
        complain(_sentence(error))
        return int(getattr(options, "failure", FAILED))
    return code


def _sentence(error: Exception) -> str:
    """Return what to say of an exception that no command expected."""
    if isinstance(error, (HealthError, OSError)):
        return f"collectd-fedmsg: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"collectd-fedmsg: internal error, please report: {described(error)}"
        f" ({Path(last.filename).name}, line {last.lineno})"
    )


if __name__ == "__main__":
    sys.exit(main())
