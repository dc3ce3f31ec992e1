"""``collectd-fedmsg COMMAND``: one module in ``commands`` for each."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from collectd_fedmsg import __version__
from collectd_fedmsg.errors import HealthError

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
#: Controls and marks that turn writing around, but for line end and tab.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
    r"\u2066-\u2069\ud800-\udfff]"
)


class Cleaned:
    """A stream to a terminal or a log: what peers, files and stores sent steers neither.

    A character that the stream's encoding does not have is written as Python escapes it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        clean = _CONTROLS.sub(_escaped, text)
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(clean.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


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
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Loading them all takes longer than most commands: one that is named comes alone.
    named = arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS
    whole = parser(named)
    options, unknown = whole.parse_known_args(arguments)
    if unknown:
        getattr(options, "usage", whole.error)(f"unrecognized arguments: {' '.join(unknown)}")
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Cleaned(sys.stdout), Cleaned(sys.stderr)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough: ``collectd-fedmsg doctor | head``. Python would complain
        # once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_SHORT
    except Exception as error:
        print(_sentence(error), file=sys.stderr)
        return int(getattr(options, "failure", FAILED))
    finally:
        sys.stdout, sys.stderr = streams


def _sentence(error: Exception) -> str:
    """Return what to say of an exception that no command expected."""
    if isinstance(error, (HealthError, OSError)):
        return f"collectd-fedmsg: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"collectd-fedmsg: internal error, please report: {type(error).__name__}: {error}"
        f" ({Path(last.filename).name}, line {last.lineno})"
    )


if __name__ == "__main__":
    sys.exit(main())
