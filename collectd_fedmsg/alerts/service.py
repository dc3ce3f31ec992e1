"""The evaluator's loop: observe, evaluate, write, wake the outputs; again every few seconds.

Refuses to stop for a mistake in the rules or a store that is away: the last good rules stay
in force, and what cannot be read ages until it counts as silent.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..bounded_log import BoundedLog
from ..diagnosis.fleet.incident import Incident
from ..errors import ConfigError, HealthError, described
from .delivery import OutboxWorker
from .entries import new_entries, standing, unknown_outputs
from .evaluator import evaluate, muted
from .observation import Observation
from .outputs import Output
from .records import Alert, Subject
from .rules import RuleSet
from .rules_file import parse, read
from .sqlite_file import NotOurs, only_one
from .state import State
from .state_db import AlertDatabase

Sight = tuple[Iterable[Observation], Iterable[Incident]]
#: ``observe(now)``: the observations of all subjects, and the shared incidents.
Observe = Callable[[float], Sight]
_log = logging.getLogger(__name__)


class EvaluatorLoop:
    """One evaluator on one file; ``once`` is a step, ``run`` repeats it until it is stopped.

    Args:
        rules_file, file, observe: the rules, the state's file, the source of observations.
        here: delivers within ``once``, instead of in a thread for each output.
        adapt: returns changed rules for those that were read.

    Raises:
        ConfigError: the rules are wrong and none were ever right.
        StoreError: the file cannot be used, or another evaluator uses it.
    """

    def __init__(
        self,
        rules_file: Path,
        file: Path,
        observe: Observe,
        *,
        here: Output | None = None,
        adapt: Callable[[RuleSet], RuleSet] = lambda rules: rules,
    ) -> None:
        self._file, self.observe, self._here, self._adapt = rules_file, observe, here, adapt
        self._lock = only_one(file)
        self._stamp: tuple[int, int, int] | None = None
        self._workers: dict[str, OutboxWorker] = {}
        self._open: tuple[Alert, ...] = ()
        self._complaints = BoundedLog()
        try:
            self._database = AlertDatabase(file)
            self.state = self._load()
            self.rules = self._first_rules()
        except BaseException:
            self.close()
            raise

    def _load(self) -> State:
        try:
            return self._database.load()[0]
        except NotOurs as error:
            _log.error("alerting begins again without a state: %s", error)
            return State()

    def run(self, ended: threading.Event) -> None:
        """Step until ``ended``; a step that fails is logged at a bounded rate and repeated."""
        while not ended.is_set():
            began = time.monotonic()
            try:
                self.once(time.time())
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # also what a library raises to end the program
                self._complain("not evaluated", error)
            ended.wait(max(0.1, self.rules.every - (time.monotonic() - began)))
        self.close()

    def once(self, now: float) -> None:
        """Make one step at ``now`` (epoch seconds).

        Raises:
            StoreError: the file cannot be written; the step did not happen then.
        """
        self.reload()
        troubles: dict[str, str] = {}
        try:
            observations, incidents = self.observe(now)
            observations = list(observations)
        except Exception as error:
            text = str(error) if isinstance(error, HealthError) else described(error)
            troubles["store"] = f"the store cannot answer: {text}"
            observations, incidents = remembered(self.state), ()
        actions = self._database.actions()
        done = evaluate(self.state, observations, self.rules, now, actions, incidents=incidents)
        troubles.update(done.troubles)
        troubles.update(self._revive())
        cleared = [
            transition.alert
            for transition in done.transitions
            if transition.alert.cleared is not None
        ]
        self._database.commit(
            now, self.rules.every, done.state, cleared, new_entries(done, self.rules, now), troubles
        )
        self.state = done.state
        self._open = tuple(alert for alert in done.state.alerts if not muted(alert, actions, now))
        for transition in done.transitions:
            _log.info(
                "%s: %s (%s)",
                transition.event.value,
                transition.alert.subject.id,
                transition.alert.rule,
            )
        for kind, text in troubles.items():
            self._complain(kind, text)
        for worker in self._workers.values():
            if self._here:
                worker.carry(now)
            else:
                worker.wake(refresh=bool(done.transitions))

    def _complain(self, about: str, error: str | BaseException) -> None:
        text = error if isinstance(error, str) else described(error)
        for line in self._complaints.lines(about, f"{about}: {text}", time.monotonic()):
            _log.error("%s", line)

    def _revive(self) -> dict[str, str]:
        """Restart workers whose threads have ended; return a trouble for each."""
        troubles = {}
        for name, worker in list(self._workers.items()):
            if not self._here and not worker.is_alive() and not worker.stopped:
                troubles[f"output {name}"] = f"{name}: its thread had ended and was started again"
                self._workers[name] = self._worker(name, worker.settings)
        return troubles

    def reload(self) -> bool:
        """Read the rules again when the file has changed; a mistake leaves the last good ones."""
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            rules, text = read(self._file)
            self.rules = self._adapt(rules)
        except (ConfigError, OSError) as error:
            kept, trouble = self._database.good_rules()
            if str(error) != trouble:
                if kept:
                    _log.error("the earlier rules stay in force: %s", error)
                self._database.keep_rules(kept, str(error))
            return False
        self._database.keep_rules(text)
        self._employ()
        return True

    def close(self) -> None:
        """Stop the workers and close the file; may be called twice."""
        if self._lock < 0:
            return
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            if worker.is_alive():
                worker.join(5)
        if hasattr(self, "_database"):
            self._database.close()
        os.close(self._lock)
        self._lock = -1

    def _first_rules(self) -> RuleSet:
        # The rules of the last run first: a mistake made since then stops nothing either.
        kept, _ = self._database.good_rules()
        self.rules = self._adapt(parse(kept, "(the last good rules)"))
        if not self.reload():
            trouble = self._database.good_rules()[1]
            if not kept:
                # There never were valid rules: refuse rather than alert by rules that nobody wrote.
                self._database.keep_rules("", "")
                raise HealthError(
                    f"{trouble or f'{self._file}: cannot be read'}\n"
                    "nothing is evaluated: there are no earlier rules"
                )
            self._employ()
        return self.rules

    def _employ(self) -> None:
        """Start a worker for each output of the present rules, stop the others."""
        for name, worker in list(self._workers.items()):
            if self.rules.outputs.get(name) != worker.settings:
                worker.stop()
                if worker.is_alive():
                    worker.join(30)
                del self._workers[name]
        for name in unknown_outputs(self.rules, self._database.undelivered()):
            self._database.drop_output(name, time.time())
        for name, settings in self.rules.outputs.items():
            if name not in self._workers:
                self._workers[name] = self._worker(name, settings)

    def _worker(self, name: str, settings: Mapping[str, Any]) -> OutboxWorker:
        worker = OutboxWorker(
            name,
            settings,
            self._database.path,
            lambda: standing(self._open, name, self.rules, time.time()),
            output=self._here,
        )
        if not self._here:
            worker.start()
        return worker


def remembered(state: State) -> list[Observation]:
    """Return the last known subjects with the time of their newest samples."""
    newest: dict[str, float] = {}
    for subject, at in state.judged_until.items():
        newest[subject.host] = max(at, newest.get(subject.host, 0.0))
    return [
        *(Observation(subject, None, None, at) for subject, at in state.judged_until.items()),
        *(Observation(Subject(host), None, None, at) for host, at in newest.items()),
    ]
