"""The evaluator is killed with SIGKILL, over and over: no alert is lost, none sent twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

rrdtool = pytest.importorskip("rrdtool")

from collectd_fedmsg.alerts.evaluator import evaluate  # noqa: E402
from collectd_fedmsg.alerts.lifecycle import Event  # noqa: E402
from collectd_fedmsg.alerts.rules_file import parse  # noqa: E402
from collectd_fedmsg.alerts.state import State  # noqa: E402
from collectd_fedmsg.alerts.state_db import AlertDatabase  # noqa: E402
from collectd_fedmsg.commands.alerts import observer  # noqa: E402
from collectd_fedmsg.metrics import BY_NAME  # noqa: E402
from tests.integration.receivers import Receiver, file_options  # noqa: E402

CONSUMERS = 6
SECONDS = 15
#: Of the evaluator; it is killed until each moment was met often enough.
MAX_RUNS = 100
RULES = """
every = "1s"
[grouping]
by = ["consumer"]
wait = 0
interval = 0
[flapping]
raises = 1000
[[rule]]
name = "backlog"
when = "backlog"
hold = 2
clear = 2
[output.hook]
type = "webhook"
url = "{url}"
"""


class Writer(threading.Thread):
    """Writes a sample a second of each consumer: bad for five seconds, good for five."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.folder = root / "h" / "fedmsg-hub"
        self.folder.mkdir(parents=True)
        self.start_at = int(time.time()) - 3
        for i in range(CONSUMERS):
            for metric in ("received", "processed", "backlog"):
                rrdtool.create(
                    str(self.path(i, metric)),
                    "-s",
                    "1",
                    "-b",
                    str(self.start_at - 1),
                    f"DS:value:{BY_NAME[metric].kind.value}:600:0:U",
                    *(
                        f"RRA:{cf}:0.1:{steps}:4000"
                        for steps in (1, 60, 3600)
                        for cf in ("AVERAGE", "MIN", "MAX")
                    ),
                )

    def path(self, i: int, metric: str) -> Path:
        metric_row = BY_NAME[metric]
        return self.folder / f"{metric_row.collectd_type}-{metric_row.type_instance(f'C{i}')}.rrd"

    def run(self) -> None:
        for second in range(SECONDS):
            while time.time() < self.start_at + second + 0.3:
                time.sleep(0.02)
            for i in range(CONSUMERS):
                waits = 7 if (second + 2 * i) % 10 < 5 and second < SECONDS - 4 else 0
                for metric, value in (
                    ("received", 100 + second * 5),
                    ("backlog", waits),
                    ("processed", 100 + second * 5 - waits),
                ):
                    self.update(self.path(i, metric), f"{self.start_at + second}:{value}")

    def update(self, path: Path, sample: str) -> None:
        """Write one sample; a reader may hold the file for a moment."""
        while True:
            try:
                return rrdtool.update(str(path), sample)
            except rrdtool.OperationalError as error:
                if "could not lock" not in str(error):
                    raise
                time.sleep(0.002)


def expected(root: Path, text: str) -> tuple[set[str], set[str]]:
    """Return the ids that one evaluation of the whole history raises and clears."""
    now = time.time()
    observations, _ = observer(file_options(root))(now)
    done = evaluate(State(), observations, parse(text, "f"), now)
    return tuple(
        {transition.alert.id for transition in done.transitions if transition.event is event}
        for event in (Event.RAISED, Event.CLEARED)
    )


def test_killed_at_random_and_at_the_worst_moments(tmp_path: Path) -> None:
    """Killed within a step, on delivery, at start: the ids sent are those of a quiet run."""
    chance = random.Random(6)
    child: list[subprocess.Popen[bytes]] = []
    killed = {"at random": 0, "before the answer": 0}

    def answer(headers: dict[str, str], body: bytes) -> int:
        # The worst moment: the receiver has it, the sender will not know.
        if calm.is_set() or (killed["before the answer"] and chance.random() > 0.35):
            return 200
        os.kill(child[-1].pid, signal.SIGKILL)
        killed["before the answer"] += 1
        return 200

    calm = threading.Event()
    with Receiver(answer) as receiver:
        rules = tmp_path / "rules.toml"
        rules.write_text(RULES.format(url=receiver.url))
        writer = Writer(tmp_path / "rrd")
        writer.start()
        command = [
            sys.executable,
            "-m",
            "collectd_fedmsg.cli",
            "alerts",
            "run",
            "--rules",
            str(rules),
            "--state",
            str(tmp_path / "a.db"),
            "--data-dir",
            str(tmp_path / "rrd"),
        ]
        log = (tmp_path / "log").open("wb")
        while writer.is_alive() or killed["at random"] < 4 or not killed["before the answer"]:
            assert len(child) < MAX_RUNS, killed
            child.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log))
            # Half of them live until they evaluate, however slow the machine; half may not.
            if chance.random() < 0.5:
                child[-1].stdout.readline()
            try:
                child[-1].wait(0.2 + chance.random() * 1.6)
            except subprocess.TimeoutExpired:
                child[-1].kill()
                killed["at random"] += 1
            child[-1].stdout.close()
            assert child[-1].wait(60) == -signal.SIGKILL, (tmp_path / "log").read_text()
        raised, cleared = expected(tmp_path / "rrd", rules.read_text())
        calm.set()
        child.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log))
        book = AlertDatabase(tmp_path / "a.db")
        deadline = time.monotonic() + 60
        while {alert.id for alert in book.past(0, time.time())} != cleared or book.undelivered():
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.2)
        child[-1].terminate()
        # It may not have got as far as its handlers.
        assert child[-1].wait(60) in (0, -signal.SIGTERM)
        deliveries = receiver.accepted()
    assert len(raised) >= CONSUMERS
    # A receiver knows a notice again by its id, as our documentation asks of it.
    notices = {notice["id"]: notice for notice in deliveries}
    assert all(notices[delivery["id"]]["alerts"] == delivery["alerts"] for delivery in deliveries)
    ends = [alert["id"] for notice in notices.values() for alert in notice["over"]]
    assert sorted(ends) == sorted(cleared)
    starts = [name for notice in notices.values() for name in notice["fresh"]]
    assert len(set(starts)) == len(starts)
    # Raised and over within one step (while it was down): one notice, as past.
    assert set(starts) <= raised
    assert raised - set(starts) <= set(ends)
    print(
        f"{len(child)} runs, killed {killed}; {len(raised)} alerts,"
        f" {len(deliveries)} deliveries of {len(notices)} notices"
    )
