"""Play one fault in one consumer with real worker threads; judge what is named first."""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moksha.hub.api import Consumer

from collectd_fedmsg.diagnosis.verdict import Verdict
from collectd_fedmsg.diagnosis.where import explained, parts
from collectd_fedmsg.hub.stacks import Sampler
from collectd_fedmsg.hub_plugin import instrument
from collectd_fedmsg.protocol.sample import Sample

from . import consumers, faults
from .consumers import Services

#: Samples before the fault and while it lasts, and seconds between two.
USUAL, FAULTY, INTERVAL = 4, 3, 1.0
WORKERS = 2
Fault = Callable[[Services], AbstractContextManager[None]]


@dataclass(frozen=True)
class Case:
    """A fault in a consumer, and what should be named: own function, what it called, the state.

    ``needs``: which services the consumer is given.
    """

    consumer: str
    fault: str
    own: str
    library: str
    state: str = "waiting"
    needs: str = ""
    subject: str = "kernel-61"

    @property
    def name(self) -> str:
        """Return the case in words."""
        return f"{self.consumer}: {self.fault.replace('_', ' ')}"


CASES = (
    Case("Archive", "locked_table", "add", "psycopg", needs="dsn"),
    Case("Archive", "slow_insert", "add", "psycopg", needs="dsn"),
    Case("Notifications", "locked_table", "Notifications.queue", "psycopg", needs="dsn"),
    Case("Notifications", "slow_service", "Notifications.fetch", "requests", needs="url"),
    Case("Notifications", "mutex", "Notifications.address_of", "with"),
    Case("Notifications", "regular_expression", "Notifications.wanted", "re:search", "computing"),
    Case("Badges", "slow_insert", "Badges._award", "psycopg", needs="dsn"),
    Case("Badges", "slow_service", "Badges._award", "urllib.request:urlopen", needs="url"),
    Case("Badges", "mutex", "Badges.consume", "acquire"),
    Case("Badges", "regular_expression", "Badges._matches", "match", "computing", subject="abc"),
    Case("Mirrors", "slow_disk", "Mirrors.write_map", "write", needs="spool"),
    Case("Mirrors", "silent_name_server", "resolved", "socket:getaddrinfo"),
    Case("Mirrors", "slow_service", "Mirrors.probe", "http.client:HTTPConnection.getresponse",
         needs="url"),
    Case("Bugs", "silent_name_server", "Bugs.post", "urllib.request:urlopen"),
    Case("Bugs", "slow_disk", "Bugs.keep", "pathlib", needs="spool"),
    Case("Bugs", "mutex", "Bugs.consume", "with"),
    Case("Bugs", "regular_expression", "Bugs.render", "re:sub", "computing", subject="xy"),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What was named first, its share of the added time, and the sentence; None: nothing was."""

    own: str
    library: str
    state: str
    share: float
    sentence: str

    def right(self, case: Case) -> bool:
        """Return whether the function and what it called are the right ones."""
        return self.own == case.own and self.library.startswith(case.library)

    def state_right(self, case: Case) -> bool:
        """Return whether it was rightly said to compute or to wait."""
        return ("waiting" if self.state == "waiting" else "computing") == case.state


class Worker(Consumer):  # type: ignore[misc]
    """moksha's consumer without a hub: its queue, its loop, its worker threads."""

    topic = "t"

    def __init__(self, make: Callable[[], Any], resolve: bool) -> None:
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.blocking_mode, self.N = False, WORKERS
        self.headcount_in = self.headcount_out = self._exception_count = 0
        self._times: list[float] = []
        self.log = logging.getLogger("benchmarks.evidence")
        self._make, self._resolve, self._local = make, resolve, threading.local()
        for _ in range(WORKERS):
            threading.Thread(target=self._work_loop, daemon=True).start()

    def debug(self, message: str = "") -> None:
        """Say nothing."""

    def consume(self, message: dict[str, Any]) -> None:
        """Handle a message; each thread has a consumer, with its connection."""
        if not hasattr(self._local, "consumer"):
            if self._resolve:
                faults.ask_silence()
            self._local.consumer = self._make()
        self._local.consumer.consume(message["body"])


def play(case: Case, dsn: str = "") -> Result | None:
    """Return what is named first within three samples of the fault's begin; None: nothing."""
    with tempfile.TemporaryDirectory(prefix="evidence") as folder:
        services = Services(dsn if case.needs == "dsn" else "", subject=case.subject)
        if case.needs == "url":
            faults.serve(services)
        if case.needs == "spool":
            services.spool = Path(folder)
        if services.dsn:
            with faults.psycopg.connect(services.dsn, autocommit=True) as database:
                database.execute(faults.TABLE)
        kind = getattr(consumers, case.consumer)
        worker = Worker(lambda: kind(services), case.fault == "silent_name_server")
        return _judged(worker, case, services)


def _judged(worker: Worker, case: Case, services: Services) -> Result | None:
    counts = instrument(worker, case.consumer, stacks=True)
    assert counts.stacks is not None
    sampler = Sampler([counts.stacks])
    samples: list[Sample] = []

    def watch(rounds: int) -> None:
        for _ in range(rounds):
            end = time.monotonic() + INTERVAL
            while (left := end - time.monotonic()) > 0:
                if worker.incoming.qsize() < WORKERS:
                    body = {"msg_id": uuid.uuid4().hex, "topic": "t", "msg": {"n": 1}}
                    worker.incoming.put({"topic": "t", "body": body})
                time.sleep(min(0.02, left, max(0.001, sampler.due())))
                sampler.look()
            samples.append(counts.sample(float(len(samples))))

    watch(USUAL)
    since = samples[-1].time
    with getattr(faults, case.fault)(services):
        watch(FAULTY)
        ranked = parts(samples, since)
        sentence = next(iter(explained(samples, Verdict.SLOW, since)), "")
    for _ in range(WORKERS):
        worker.incoming.put(StopIteration)
    if not ranked:
        return None
    first = ranked[0]
    return Result(first.own.partition(":")[2], first.library, first.state, first.share, sentence)
