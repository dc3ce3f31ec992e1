"""The standard streams of a command: open, cleaned, and lost without a traceback.

A closed descriptor 0, 1 or 2 is opened on /dev/null: otherwise the next file that is opened gets
its number, and whatever is printed would be written into that file.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any, TextIO

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


def open_closed() -> None:
    """Open each standard stream that was closed when the command began."""
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def complain(text: str) -> None:
    """Print a line to the standard error, if there is anybody to read it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr)


def flush_or_discard() -> None:
    """Write what is buffered; discard what cannot be written.

    Python would try once more at its end, complain, and exit with 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
