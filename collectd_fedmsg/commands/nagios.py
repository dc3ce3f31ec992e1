"""Ranges, performance data and exit codes of the monitoring-plugins guidelines.

Source: https://www.monitoring-plugins.org/doc/guidelines.html
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from collectd_fedmsg import __version__

from ..names import printable

OK, WARNING, CRITICAL, UNKNOWN = range(4)
NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_RANGE = re.compile(r"(@?)(?:(~|-?\d+(?:\.\d+)?)?:)?(-?\d+(?:\.\d+)?)?", re.ASCII)


def behave(parser: argparse.ArgumentParser) -> None:
    """Make a command's parser follow the guidelines: wrong calls and ``--help`` exit with UNKNOWN.

    argparse would exit with 2, CRITICAL, for a wrong call and with 0, OK, for ``--help``.
    """
    parser.error = usage  # type: ignore[method-assign]
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="print the version")
    parser.exit = _exit  # type: ignore[method-assign,assignment]
    parser.set_defaults(usage=usage, failure=UNKNOWN)


def usage(message: str) -> NoReturn:
    """Print what is wrong with a call and exit with UNKNOWN."""
    try:
        print(line(UNKNOWN, message, []))
    finally:
        sys.exit(UNKNOWN)


def _exit(*_: object) -> NoReturn:
    sys.exit(UNKNOWN)


class _Version(argparse.Action):
    """Prints the version; no check was made."""

    def __call__(self, *_: object) -> None:
        print(f"collectd-fedmsg {__version__}")
        sys.exit(UNKNOWN)


@dataclass(frozen=True)
class Range:
    """``[@]start:end``: an alert outside of it, with ``@`` inside; bounds belong to it."""

    text: str
    low: float
    high: float
    inside: bool

    @classmethod
    def parse(cls, text: str) -> Range:
        """Return the range that a text names: ``10``, ``10:``, ``~:10``, ``10:20``, ``@10:20``.

        Raises:
            ValueError: it is none, or its start is above its end.
        """
        match = _RANGE.fullmatch(text)
        if not match or text in ("", "@", ":", "@:"):
            raise ValueError(f"{text!r} is no range such as 10, 10:, ~:10, 10:20 or @10:20")
        low = -math.inf if match[2] == "~" else float(match[2] or 0)
        high = math.inf if match[3] is None else float(match[3])
        if low > high:
            raise ValueError(f"{text!r}: its start is above its end")
        return cls(text, low, high, bool(match[1]))

    def alerts(self, value: float) -> bool:
        """Return whether a value (in the range's own unit) is worth an alert."""
        return (self.low <= value <= self.high) is self.inside


def judge(value: float, warning: Range | None, critical: Range | None) -> int:
    """Return the exit code of a value; the critical range counts first."""
    if critical and critical.alerts(value):
        return CRITICAL
    return WARNING if warning and warning.alerts(value) else OK


def worst(codes: Sequence[int]) -> int:
    """Return the code to exit with: an alarm counts before what is not known."""
    return max(codes, key=(OK, UNKNOWN, WARNING, CRITICAL).index)


def perfdata(label: str, value: float, unit: str, ranges: Sequence[Range | None]) -> str:
    """Return ``'label'=value[unit];warn;crit;0``; quotes and ``=`` cannot be in a label."""
    safe = re.sub(r"[='\s|]", "_", printable(label))
    limits = ";".join(limit.text if limit else "" for limit in ranges)
    return f"'{safe}'={value:g}{unit};{limits};0"


def line(code: int, text: str, performance: Sequence[str]) -> str:
    """Return the one line: no ``|`` or line end of a name gets into it."""
    clean = re.sub(r"[|\s]+", " ", printable(text))
    tail = f" | {' '.join(performance)}" if performance else ""
    return f"FEDMSG {NAMES[code]}: {clean}{tail}"
