"""EDGE files, clock: observe, evaluate, write, wake who delivers; again every few seconds.

Refuses to stop for a mistake in the rules or a store that is away: the last good rules go on,
and what cannot be read ages until it is called silent.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..diagnosis.fleet.incident import Incident
from ..errors import ConfigError, HealthError
from .delivery import Courier, deliver, parcels, standing, unknown_outputs
from .evaluator import State, evaluate, muted
from .observation import Observation
from .outputs import Output
from .records import Alert, Subject
from .rules import RuleSet
from .rules_file import parse, read
from .state_db import Book, only_one

Sight = tuple[Iterable[Observation], Iterable[Incident]]
#: ``observe(now)``: what is known of everyone, and who suffers together.
Observe = Callable[[float], Sight]
_log = logging.getLogger(__name__)


class Service:
    """One evaluator on one book; ``once`` is a step, ``run`` goes on until told to end.

    Args:
        rules_file, book, observe: what is asked for, what must survive, what is seen.
        here: takes everything within ``once``, instead of a thread for each output.
        adapt: changes the rules that were read.

    Raises:
        ConfigError: the rules are wrong and none were ever right.
        StoreError: the book cannot be used, or another evaluator uses it.
    """

    def __init__(self, rules_file: Path, book: Path, observe: Observe, *,
                 here: Output | None = None,
                 adapt: Callable[[RuleSet], RuleSet] = lambda rules: rules) -> None:
        self._file, self.observe, self._here, self._adapt = rules_file, observe, here, adapt
        self._lock = only_one(book)
        self._book = Book(book)
        self._stamp: tuple[int, int, int] | None = None
        self._couriers: dict[str, Courier] = {}
        self._open: tuple[Alert, ...] = ()
        try:
            self.state = self._book.load()[0]
        except ValueError as error:
            _log.error("%s: begins anew: %s", book, error)
            self.state = State()
        self.rules = self._first_rules()

    def run(self, ended: threading.Event) -> None:
        """Step until ``ended``; a step that fails is logged and made again."""
        while not ended.is_set():
            began = time.monotonic()
            try:
                self.once(time.time())
            except (HealthError, OSError) as error:
                _log.error("not evaluated: %s", error)
            ended.wait(max(0.1, self.rules.every - (time.monotonic() - began)))
        self.close()

    def once(self, now: float) -> None:
        """Make one step at ``now`` (epoch seconds).

        Raises:
            StoreError: the book cannot be written; the step did not happen then.
        """
        self.reload()
        try:
            seen, incidents = self.observe(now)
        except HealthError as error:
            _log.error("the store cannot answer: %s", error)
            seen, incidents = remembered(self.state), ()
        orders = self._book.orders()
        done = evaluate(self.state, seen, self.rules, now, orders,
                        incidents=incidents)
        cleared = [one.alert for one in done.transitions if one.alert.cleared is not None]
        self._book.commit(now, self.rules.every, done.state, cleared,
                          parcels(done, self.rules, now))
        self.state = done.state
        self._open = tuple(one for one in done.state.alerts if not muted(one, orders, now))
        for one in done.transitions:
            _log.info("%s: %s (%s)", one.event.value, one.alert.subject.id, one.alert.rule)
        for courier in self._couriers.values():
            courier.wake(refresh=bool(done.transitions))
        if self._here:
            for name, settings in self.rules.outputs.items():
                self._carry(name, self._here, now, settings["give_up_after"])

    def reload(self) -> bool:
        """Read the rules again when the file has changed; a mistake leaves the last good ones."""
        try:
            found = self._file.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            rules, text = read(self._file)
            self.rules = self._adapt(rules)
        except (ConfigError, OSError) as error:
            kept, trouble = self._book.good_rules()
            if str(error) != trouble:
                if kept:
                    _log.error("the rules before go on: %s", error)
                self._book.keep_rules(kept, str(error))
            return False
        self._book.keep_rules(text)
        self._employ()
        return True

    def close(self) -> None:
        """Stop the couriers and let go of the book; a second time does nothing."""
        if self._lock < 0:
            return
        for courier in self._couriers.values():
            courier.stop()
        for courier in self._couriers.values():
            courier.join(5)
        self._book.close()
        os.close(self._lock)
        self._lock = -1

    def _first_rules(self) -> RuleSet:
        # Last time's first, so that a mistake made while we were away stops nothing either.
        kept, _ = self._book.good_rules()
        self.rules = self._adapt(parse(kept, "(the last good rules)"))
        if not self.reload():
            trouble = self._book.good_rules()[1]
            if not kept:
                # Never had any: better to refuse than to page by rules nobody wrote.
                self._book.keep_rules("", "")
                self.close()
                raise HealthError(f"{trouble or f'{self._file}: cannot be read'}\n"
                                  "nothing is evaluated: there are no rules of before to go on by")
            self._employ()
        return self.rules

    def _employ(self) -> None:
        """Have one courier for each output, as the rules say now."""
        wanted = {} if self._here else self.rules.outputs
        for name, courier in list(self._couriers.items()):
            if wanted.get(name) != courier.settings:
                courier.stop()
                courier.join(30)
                del self._couriers[name]
        for name in unknown_outputs(self.rules, self._book.undelivered()):
            self._book.drop_output(name, time.time())
        for name, settings in wanted.items():
            if name not in self._couriers:
                self._couriers[name] = self._courier(name, settings)

    def _carry(self, name: str, output: Output, now: float, give_up_after: float) -> None:
        while (parcel := self._book.next_parcel(name)) and parcel.due <= now:
            if not deliver(self._book, output, parcel, now, give_up_after):
                return

    def _courier(self, name: str, settings: Mapping[str, Any]) -> Courier:
        courier = Courier(name, settings, self._book.path,
                          lambda: standing(self._open, name, self.rules, time.time()))
        courier.start()
        return courier


def remembered(state: State) -> list[Observation]:
    """Return what was seen before, its age and nothing else: what cannot be read grows old."""
    newest: dict[str, float] = {}
    for subject, at in state.seen.items():
        newest[subject.host] = max(at, newest.get(subject.host, 0.0))
    return [*(Observation(subject, None, None, at) for subject, at in state.seen.items()),
            *(Observation(Subject(host), None, None, at) for host, at in newest.items())]
