"""Count a Celery worker's tasks by Celery's signals, with the task's name as topic.

``celery_plugin.install("service")`` in the module of the app. In the pools ``threads`` and ``solo``
the worker's process counts. In ``prefork`` each child counts what it runs, and all are one row;
what is received, reserved or waits is the parent's and the broker's to know, so the backlog is not
known here.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import signals

from . import counting
from .hub.in_hand import InHand

log = logging.getLogger("collectd_fedmsg")
#: The consumer's name in the row: beside a broker's queue of the same service they are one.
NAME = "Consumer"
#: Tasks in hand of one process that are followed; more than any pool runs at once.
MAX_IN_HAND = 10_000


class CeleryCounts:
    """One app's accounts in this process.

    Args:
        service: the row's; the queue's name joins it with the broker's numbers.
        settings: as of ``counting.Consumer``.

    Raises:
        ConfigError: a setting is unknown or not usable.
    """

    def __init__(self, service: str, **settings: Any) -> None:
        self._consumer = counting.Consumer(NAME, service=service, replicas=True, **settings)
        self._in_hand: dict[str, InHand] = {}
        for signal, receiver in (
            (signals.task_prerun, self._begins),
            (signals.task_postrun, self._ends),
            (signals.worker_ready, self._ready),
            (signals.worker_process_init, self._child_begins),
        ):
            signal.connect(receiver, weak=False)

    def _begins(self, task_id: str = "", task: Any = None, **_: Any) -> None:
        if len(self._in_hand) < MAX_IN_HAND:
            self._in_hand[task_id] = self._consumer.begin(str(getattr(task, "name", "")))

    def _ends(self, task_id: str = "", state: Any = None, retval: Any = None, **_: Any) -> None:
        token = self._in_hand.pop(task_id, None)
        if token is not None:  # a retry has a state of its own, and is no failure
            failed = state == "FAILURE"
            error = retval if isinstance(retval, BaseException) else Exception
            self._consumer.end(token, error if failed else None)

    def _ready(self, sender: Any = None, **_: Any) -> None:
        """Answer from now on, where the tasks are run in this process."""
        if "prefork" not in type(getattr(sender, "pool", None)).__module__:
            self._consumer.start()

    def _child_begins(self, **_: Any) -> None:
        self._in_hand.clear()
        self._consumer.start()


def install(service: str, **settings: Any) -> CeleryCounts | None:
    """Count this process's tasks from now on; None where a setting is wrong, which is logged."""
    try:
        return CeleryCounts(service, **settings)
    except Exception:
        log.exception("health reports of %s are off, the worker goes on", service)
        return None
