"""EDGE threads: carry parcels from the book to an output, in order, again until they are taken.

At least once: killed between the receiver's yes and the note of it, a parcel is sent again, with
the same id. Refuses to let one output hold up another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import HealthError, StoreError
from .evaluator import Outcome
from .lifecycle import Event
from .notice_text import payload
from .outputs import NotTaken, Output, opened
from .records import Alert, Notice, digest
from .rules import RuleSet
from .state_db import Book, Parcel

#: Seconds; the longest pause between two attempts.
LONGEST = 300.0
#: Seconds between looks into the book when nobody wakes us.
LOOK = 5.0
_log = logging.getLogger(__name__)
Payload = Mapping[str, Any]


def pause(attempts: int, name: str, asked: float = 0.0) -> float:
    """Return seconds until the next attempt: doubled each time, up to a fifth more by the id.

    ``asked`` is the receiver's own wish, at most an hour of which is granted.
    """
    spread = 1 + int(name[:4], 16) / 0xFFFF / 5
    return max(min(asked, 3600.0), min(LONGEST, 2.0 ** min(attempts, 20)) * spread)


def deliver(book: Book, output: Output, parcel: Parcel, now: float, give_up_after: float) -> bool:
    """Try one parcel once and note how it went; return whether it is off the table.

    Args:
        book, output, parcel: where from, where to, what.
        now: epoch seconds.
        give_up_after: seconds after which an old notice is of no use any more.
    """
    try:
        output.send(parcel.payload)
    except (HealthError, OSError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        if now - parcel.created > give_up_after:
            book.sent(parcel.serial, now, f"given up: {said}"[:500])
            _log.error("%s: notice %s given up: %s", parcel.output, parcel.id, said)
            return True
        wait = pause(parcel.attempts, parcel.id, error.after if isinstance(error, NotTaken) else 0)
        book.failed(parcel.serial, now + wait, said)
        _log.warning("%s: notice %s, again in %.0f s: %s", parcel.output, parcel.id, wait, said)
        return False
    book.sent(parcel.serial, now)
    return True


class Courier(threading.Thread):
    """One output's own thread."""

    def __init__(self, name: str, settings: Mapping[str, Any], path: Path,
                 current: Callable[[], Payload | None]) -> None:
        super().__init__(name=f"output {name}", daemon=True)
        self.settings = dict(settings)
        self._name, self._path, self._current = name, path, current
        self._awake, self._ended = threading.Event(), threading.Event()
        self._refreshed = 0.0

    def wake(self, refresh: bool = False) -> None:
        """Look into the book now; with ``refresh`` also send what is open now."""
        if refresh:
            self._refreshed = 0.0
        self._awake.set()

    def stop(self) -> None:
        """End after the attempt that runs."""
        self._ended.set()
        self._awake.set()

    def run(self) -> None:
        """Carry until stopped; an error of the book is logged and waited out."""
        output = opened(self.settings)
        book: Book | None = None
        while not self._ended.is_set():
            try:
                book = book or Book(self._path)
                wait = self._turn(book, output, time.time())
            except StoreError as error:
                _log.error("%s: %s", self._name, error)
                wait = LOOK
            self._awake.wait(wait)
            self._awake.clear()
        if book:
            book.close()

    def _turn(self, book: Book, output: Output, now: float) -> float:
        """Do what is due; return seconds to sleep."""
        parcel = book.next_parcel(self._name)
        if parcel is not None and parcel.due <= now:
            deliver(book, output, parcel, now, self.settings["give_up_after"])
            return 0.0
        wait = LOOK if parcel is None else max(0.05, min(LOOK, parcel.due - now))
        refresh = self.settings.get("refresh")
        if refresh and now - self._refreshed >= refresh:
            self._refreshed = now
            self._refresh(output)
        return min(wait, refresh or wait)

    def _refresh(self, output: Output) -> None:
        payload = self._current()
        if payload is None:
            return
        try:
            output.send(payload)
        except (HealthError, OSError, ValueError) as error:
            _log.warning("%s: what is open could not be refreshed: %s", self._name, error)


OutboxEntry = tuple[str, str, dict[str, Any]]
#: Outputs that group, repeat and silence by themselves: they are told of states, not of notices.
BY_STATE = ("alertmanager",)


def parcels(outcome: Outcome, rules: RuleSet, now: float) -> list[OutboxEntry]:
    """Return (id, output, payload) of everything to be delivered; ids come out the same again."""
    found: list[OutboxEntry] = []
    for notice in outcome.notices:
        body = payload(notice, rules.dashboard)
        found += [(notice.id, name, body) for name in _names(rules, notice.outputs)
                  if rules.outputs[name]["type"] not in BY_STATE]
    # The open ones are refreshed; an end is told once and must arrive.
    for one in outcome.transitions:
        if one.event is Event.CLEARED:
            ended = Notice(digest("state", one.alert.id), one.alert.id, "cleared", now,
                           one.alert.severity, (), (one.alert,))
            body = payload(ended, rules.dashboard)
            found += [(ended.id, name, body) for name in _names(rules, one.alert.outputs)
                      if rules.outputs[name]["type"] in BY_STATE]
    return found


def standing(alerts: Iterable[Alert], name: str, rules: RuleSet, now: float) -> dict[str, Any]:
    """Return the payload of what is open now for one output that goes by states."""
    meant = tuple(one for one in alerts if name in _names(rules, one.outputs))
    return payload(Notice(digest("open", name, now), "open", "reminder", now, "info", meant),
                   rules.dashboard)


def sample(rules: RuleSet, alerts: Sequence[Alert], now: float) -> dict[str, Any]:
    """Return the payload of a test: it says so, and is over at once for who keeps states."""
    body = payload(Notice(digest("test", now), "test", "raised", now, "info", (), tuple(alerts)),
                   rules.dashboard)
    return {**body, "subject": f"[TEST] {body['subject']}", "kind": "test",
            "text": f"This is a test of collectd-fedmsg's alerts; nothing is wrong.\n\n"
                    f"{body['text']}"}


def _names(rules: RuleSet, wanted: Sequence[str]) -> Iterator[str]:
    return (name for name in (wanted or rules.outputs) if name in rules.outputs)


def unknown_outputs(rules: RuleSet, waiting: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the outputs for which something waits and which the rules do not name any more."""
    return [one["output"] for one in waiting if one["output"] not in rules.outputs]
