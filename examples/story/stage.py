"""What a story's phases act with: traffic, pauses, restarts, counts."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader import collect as reader
from examples.chain import ROOT, Chain, Daemon
from examples.processes import wait_for

from .audit import Balance, heard, last_known, total
from .watch import Watch, get

#: Seconds that a loaded machine may take for what takes one here.
TIMEOUT_SECONDS = 90.0
#: Looks, 1.2 s apart, at which counts are the same when a hub whose backlog is hidden has ended.
HIDDEN_LOOKS = 5
#: What is published until everybody hears it.
GREETING = {"buildsys.build.state.change": 1}


@dataclass(frozen=True)
class Lost:
    """A run that was ended: when, the messages that its successor missed, and those that may be
    uncounted around the end because they still came then."""

    service: str
    #: Epoch seconds; 0 for a daemon that began into traffic.
    at: float
    away: int
    unseen: float = 0.0


class Stage:
    """The running parts of one story.

    Args:
        pace: 1 for the full length; smaller for shorter phases and fewer messages.
        tell: prints a line for the watcher.
    """

    def __init__(self, chain: Chain, pace: float, tell: Callable[[str], None]) -> None:
        self.chain = chain
        self.pace = pace
        self.tell = tell
        #: What a phase keeps for a later one and for the checks.
        self.notes: dict[str, Any] = {}
        #: Messages sent since the audit began, by topic.
        self.sent: Counter[str] = Counter()
        self.ended: list[Lost] = []
        self.hears: Mapping[str, Sequence[str]] = {}
        self._watch: Watch | None = None
        self._senders: set[str] = set()
        #: Daemons that were started into traffic: what they missed is not known yet.
        self._joined: set[str] = set()
        self._since = 0
        self._made = time.time()

    @property
    def watch(self) -> Watch:
        """What follows the page's API."""
        assert self._watch is not None, "the story has not begun"
        return self._watch

    @watch.setter
    def watch(self, watch: Watch) -> None:
        self._watch = watch

    @property
    def begun(self) -> bool:
        """Tell whether anything is followed yet."""
        return self._watch is not None

    @property
    def since(self) -> int:
        """When the audit began, epoch seconds: nothing was on its way then."""
        return self._since

    def messages(self, number: int) -> int:
        """Return a number of messages at this pace."""
        return max(1, int(number * self.pace))

    def pause(self, seconds: float, least: float = 0.0) -> None:
        """Let ``seconds`` of the story pass; ``least`` of the clock."""
        until = time.monotonic() + max(least, seconds * self.pace)
        while time.monotonic() < until:
            self.chain.processes.check()
            time.sleep(0.2)

    def calm(self, seconds: float, least: float) -> None:
        """Let ordinary traffic go by for ``seconds`` of the story, ``least`` of the clock.

        And for twice as long as the daemons were there without any, for what is usual is learned
        from all of their minutes.
        """
        self.pause(seconds, max(least, 2 * (self._since - self._made)))

    def until(
        self, condition: str, ready: Callable[[], bool], seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Return when ``ready()``; raise TimeoutError, or RuntimeError when a process ended."""

        def looked() -> bool:
            self._reap()
            self.chain.processes.check()
            return ready()

        wait_for(condition, looked, seconds)

    def mark(self, text: str, service: str) -> None:
        """Note a deployment that concerns a daemon, as a deployment's last step does."""
        body = json.dumps({"kind": "deploy", "text": text, "daemon": f"localhost/{service}"})
        request = urllib.request.Request(
            f"{self.chain.url}/api/v1/marks",
            body.encode(),
            {"X-Token": self.chain.token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            self.tell(f"  noted: {text}")

    # Traffic

    def publish(self, name: str, *arguments: str) -> None:
        """Begin to publish with these words for ``python -m examples.load``."""
        command = [
            sys.executable,
            "-m",
            "examples.load",
            *arguments,
            "--config",
            str(self.chain.config_file("relay")),
        ]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        self._log(name).unlink(missing_ok=True)
        self.chain.processes.start(f"load-{name}", command, env, self.chain.folder)
        self._senders.add(name)

    def publishing(self, name: str) -> bool:
        """Tell whether a sender still sends."""
        self._reap()
        return name in self._senders

    def quiet(self, *names: str) -> None:
        """End senders, all when none is named; what they sent is counted."""
        for name in names or tuple(self._senders):
            if name in self._senders:
                self.chain.processes.stop(f"load-{name}", signal.SIGINT, TIMEOUT_SECONDS)
                self._account(name)

    def done(self, name: str, seconds: float = TIMEOUT_SECONDS) -> None:
        """Return when a sender has sent all its messages."""
        self.until(f"{name} has been sent", lambda: not self.publishing(name), seconds)

    def _reap(self) -> None:
        for name in tuple(self._senders):
            child = self.chain.processes.running.get(f"load-{name}")
            if child is not None and child.poll() == 0:
                del self.chain.processes.running[f"load-{name}"]
                self._account(name)

    def _account(self, name: str) -> None:
        self._senders.discard(name)
        lines = self._log(name).read_text(errors="replace").splitlines()
        report = json.loads(lines[-1])
        self.sent.update(report["topics"])
        self.tell(f"{name}: {report['sent']:,} messages sent in {report['seconds']:.1f} s")

    def _log(self, name: str) -> Path:
        return self.chain.folder / "logs" / f"load-{name}.log"

    # Daemons

    def newest(self) -> dict[str, Sample]:
        """Return each service's last sample, from the daemons themselves."""
        harvest = reader.latest([f"{self.chain.run_folder}/*.sock"], 30.0, time.time())
        return {
            origin.service: sample for _, origin, samples in harvest.fresh for sample in samples
        }

    def services(self) -> list[str]:
        """Return the services of this story, the relay's too."""
        return ["relay", *(daemon.service for daemon in self.chain.daemons)]

    def subscribed(self, services: Sequence[str]) -> None:
        """Publish until each of these has received something since now."""
        before = {name: sample.received for name, sample in self.newest().items()}

        def all_received() -> bool:
            # For a second: the first may come before the subscription has got there.
            self.publish(
                "greeting",
                "--count",
                "6",
                "--rate",
                "5",
                "--profile",
                "constant",
                "--kind",
                "builds",
            )
            self.done("greeting")
            now = self.newest()
            return all(
                name in now and now[name].received > before.get(name, 0) for name in services
            )

        self.until(f"{', '.join(services)} are subscribed", all_received)

    def join(self, daemon: Daemon) -> None:
        """Start one more daemon, into traffic or not; what it missed is counted at a restart."""
        self.chain.start_hub(daemon)
        self.chain.daemons = [*self.chain.daemons, daemon]
        self._joined.add(daemon.service)

    def restart(self, service: str, prepare: Callable[[], None] = lambda: None) -> int:
        """End a daemon and start it again; return how many messages its memory held.

        The senders are ended first, so that what it misses while it is away can be counted.

        Args:
            prepare: what is done while it is down.
        """
        self.quiet()
        daemon = next(daemon for daemon in self.chain.daemons if daemon.service == service)
        before = self._arrived(service)
        self.chain.processes.stop(service)
        at = time.time()
        prepare()
        self.chain.start_hub(daemon)
        sent = heard(self.sent, self.hears.get(service))
        self.subscribed([service])
        self.settle(())
        away = heard(self.sent, self.hears.get(service)) - sent - self.newest()[service].received
        self.ended.append(Lost(service, at, away))
        return before.backlog

    def _arrived(self, service: str) -> Sample:
        """Return the sample after which nothing arrives; senders are ended."""
        self.settle(())
        before = self.newest()[service]
        if service in self._joined:
            missed = heard(self.sent, self.hears.get(service)) - before.received
            self.ended.append(Lost(service, 0.0, missed))
            self._joined.discard(service)
        return before

    def settle(self, services: Sequence[str] | None = None) -> None:
        """Return when nothing more is received; of ``services`` when nothing waits either."""
        counted: dict[str, int] = {}
        unchanged_looks = 0

        def still() -> bool:
            nonlocal unchanged_looks
            now = self.newest()
            counts = {name: sample.received for name, sample in now.items()}
            unchanged_looks = unchanged_looks + 1 if counts == counted else 0
            counted.clear()
            counted.update(counts)
            time.sleep(1.2)
            names = self.services() if services is None else services
            # Where the backlog is hidden, one slow message must not be taken for the end.
            looks = 1 if all(sample.observable for sample in now.values()) else HIDDEN_LOOKS
            return unchanged_looks >= looks and not any(
                now[name].backlog for name in names if name in now
            )

        self.until("the bus is quiet and the queues are empty", still, 2 * TIMEOUT_SECONDS)

    # The API

    def row(self, service: str) -> Mapping[str, Any]:
        """Return what the API says of a daemon now; empty when it does not know it."""
        rows = get(f"{self.chain.url}/api/v1/daemons", service=service)["daemons"]
        return dict(rows[0]) if rows else {}

    def waiting(self, service: str) -> float:
        """Return a daemon's backlog by the API; infinite while it is not known."""
        backlog = self.row(service).get("backlog")
        return float("inf") if backlog is None else float(backlog)

    def series(
        self, service: str, *metrics: str, start: int | None = None, end: int | None = None
    ) -> dict[str, list[float | None]]:
        """Return a daemon's series by metric, one point a second; the audit's span by default."""
        body = get(
            f"{self.chain.url}/api/v1/series",
            daemon=self.row(service)["id"],
            metrics=",".join(metrics),
            start=start or self._since,
            end=end or int(time.time()),
            step=1,
        )
        series: dict[str, list[float | None]] = body["daemons"][0]["series"]
        return series

    def begin_audit(self) -> None:
        """Count from now on; the bus must be quiet and the queues empty."""
        self.sent.clear()
        # The sample of this very second may be stored already with the next one's flow to come.
        self._since = int(time.time())
        time.sleep(1.0)

    def audit(self) -> list[Balance]:
        """Return every daemon's balance since ``begin_audit``; senders are ended first."""
        self.quiet()
        self.settle(())
        last = {name: sample.time for name, sample in self.newest().items()}
        end = int(max(last.values()))
        self.until(
            "the store has the last samples",
            lambda: all((self.row(name).get("last_sample") or 0) >= end for name in last),
        )
        # One series of a sample may be written a moment after another; what is there adds up.
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            balances = [self._balance(name, end) for name in self.services()]
            if all(balance.exact for balance in balances) or time.monotonic() > deadline:
                return balances
            time.sleep(1.0)

    def _balance(self, service: str, end: int) -> Balance:
        series = self.series(service, "received", "processed", "backlog", end=end)
        backlog = [point for point in series["backlog"] if point is not None]
        # What waited at a run's last stored sample: the page's own number, and exact.
        pairs = list(zip(series["received"], series["backlog"]))
        lost = [
            value
            for run in self.ended
            if run.service == service and run.at
            for value in last_known(pairs[: int(run.at) - self._since])
        ]
        ended = [run for run in self.ended if run.service == service]
        return Balance(
            service,
            heard(self.sent, self.hears.get(service)),
            total(series["received"], 1.0),
            total(series["processed"], 1.0),
            backlog[-1] if backlog else 0.0,
            sum(lost),
            sum(run.away for run in ended),
            sum(run.unseen for run in ended),
        )
