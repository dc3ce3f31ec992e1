"""Where a daemon spends its time and what fails in it, as rows of a sample.

Names of code only: modules, functions, lines, classes of exceptions. No argument, no value and no
text of an exception is ever among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .frames import MAX_TOTAL, Dropped, clean, each, number, refuse, row_of, text

#: Rows of each kind in one sample, and characters of a name in them.
MAX_ROWS, MAX_NAME = 16, 200
#: What a thread did when it was looked at. ``full``: it did not run, but the interpreter had no
#: time for it, so that what it seems to wait for may be the interpreter. ``held``: it computed in C
#: code that kept the interpreter to itself, so that nothing else ran, the sampler included.
WAITING, COMPUTING, FULL, HELD = "waiting", "computing", "full", "held"
STATES = (WAITING, COMPUTING, FULL, HELD)


class StackTime(NamedTuple):
    """Worker time by where it was spent; a total of microseconds that only grows.

    ``own``: the consumer's own innermost function, ``module:function:line``; ``library``: the
    outermost function that it had called of a library, else the name of what it called; empty
    where that is unknown. What is not named is under the topic "other" without the rest.
    """

    topic: str
    own: str
    library: str
    state: str
    busy: int


class InHand(NamedTuple):
    """One message that is being handled: for how long (s), and where the thread is."""

    topic: str
    age: float
    own: str
    library: str
    state: str


class Failure(NamedTuple):
    """Exceptions of one class from one place; ``total`` only grows, times are wall seconds.

    ``places``: the three innermost frames, the raising one first, joined by ``<``.
    """

    topic: str
    kind: str
    places: str
    total: int
    first: float
    last: float


def encode_stacks(rows: Sequence[StackTime]) -> list[list[Any]] | None:
    """Return the rows as plain types, None without any."""
    return [[*map(_name, row[:4]), row.busy] for row in rows[:MAX_ROWS]] or None


def encode_in_hand(rows: Sequence[InHand]) -> list[list[Any]] | None:
    """Return the rows as plain types, None without any."""
    return [
        [_name(row.topic), round(row.age, 3), *map(_name, row[2:])] for row in rows[:MAX_ROWS]
    ] or None


def encode_failures(rows: Sequence[Failure]) -> list[list[Any]] | None:
    """Return the rows as plain types, None without any."""
    return [
        [*map(_name, row[:2]), clean(row.places, 3 * MAX_NAME), row.total, round(row.first, 3),
         round(row.last, 3)]
        for row in rows[:MAX_ROWS]
    ] or None  # fmt: skip


def decode_stacks(frame: bytes, raw: object, dropped: Dropped) -> tuple[StackTime, ...]:
    """Return the legible rows."""

    def read(value: object) -> StackTime:
        topic, own, library, state, busy, *_ = row_of(frame, "stacks", value, 5)
        return StackTime(
            text(frame, "stacks", topic), _word(frame, own), _word(frame, library),
            _state(frame, state), number(frame, "stacks", busy, int, high=MAX_TOTAL),
        )  # fmt: skip

    return each(frame, "stacks", raw, MAX_ROWS, read, dropped) or ()


def decode_in_hand(frame: bytes, raw: object, dropped: Dropped) -> tuple[InHand, ...]:
    """Return the legible rows."""

    def read(value: object) -> InHand:
        topic, age, own, library, state, *_ = row_of(frame, "in_hand", value, 5)
        return InHand(
            text(frame, "in_hand", topic), number(frame, "in_hand", age), _word(frame, own),
            _word(frame, library), _state(frame, state),
        )  # fmt: skip

    return each(frame, "in_hand", raw, MAX_ROWS, read, dropped) or ()


def decode_failures(frame: bytes, raw: object, dropped: Dropped) -> tuple[Failure, ...]:
    """Return the legible rows."""

    def read(value: object) -> Failure:
        topic, kind, places, count, first, last, *_ = row_of(frame, "failures", value, 6)
        return Failure(
            text(frame, "failures", topic), text(frame, "failures", kind), _word(frame, places),
            number(frame, "failures", count, int, high=MAX_TOTAL),
            number(frame, "failures", first), number(frame, "failures", last),
        )  # fmt: skip

    return each(frame, "failures", raw, MAX_ROWS, read, dropped) or ()


def _word(frame: bytes, value: object) -> str:
    return "" if value == "" else text(frame, "evidence", value)


def _state(frame: bytes, value: object) -> str:
    if value not in (*STATES, ""):
        refuse(frame, "state", value)
    return str(value)


def _name(name: str) -> str:
    return clean(name, MAX_NAME) if name else ""
