"""Command-line options, validated like configuration: one sentence per mistake."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..config_values import Check, number, whole


def checked(check: Check) -> Callable[[str], Any]:
    """Return a type for argparse: what ``check`` makes of the option's text."""

    def read(text: str) -> Any:
        try:
            return check(text)
        except (ValueError, TypeError) as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error

    return read


def whole_number(low: int, high: int, unit: str = "") -> Callable[[str], Any]:
    """Return a type for a whole number from ``low`` to ``high``."""
    check = whole(low, high, unit)

    def read(text: str) -> int:
        return int(check(int(text) if text.isascii() and text.lstrip("-").isdigit() else text))

    return checked(read)


def seconds(low: float, high: float) -> Callable[[str], Any]:
    """Return a type for seconds from ``low`` to ``high``."""
    check = number(low, high, "seconds")

    def read(text: str) -> float:
        try:
            value: object = float(text)
        except ValueError:
            value = text
        return float(check(value))

    return checked(read)
