"""Three replicas of one fedora-messaging service, restarted twenty times: one row, exact totals."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from examples import rabbitmq
from examples.chain import ROOT, Chain
from examples.processes import free_port, wait_for
from tests.conftest import Figure

RESTARTS, STEP = 20, 5
#: Messages a second.
RATE = 20
#: Messages before all others.
FIRST = 20
#: More messages than the restarts take.
MAX_MESSAGES = 100_000
SERVICE = "archiver-amqp"
INSIDE = """
[consumer_config.collectd_fedmsg]
service = "{service}"
run_folder = "{run_folder}"
interval = {step}
"""


class Fleet:
    """The replicas, each with its own monitor, of the queue ``archiver``."""

    def __init__(self, chain: Chain, folder: Path, amqp: int) -> None:
        self._chain, self._folder = chain, folder
        self.monitors = [free_port() for _ in range(3)]
        settings = INSIDE.format(service=SERVICE, run_folder=chain.run_folder, step=STEP)
        for number, monitor in enumerate(self.monitors):
            self.conf(number).write_text(
                rabbitmq.service_config(
                    amqp, "tests.integration.rabbitmq.callbacks:function", monitor, settings
                )
            )

    def conf(self, number: int) -> Path:
        return self._folder / f"replica{number}.toml"

    def env(self, number: int) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FEDORA_MESSAGING_CONF": str(self.conf(number)),
        }

    def start(self, number: int) -> None:
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        self._chain.processes.start(f"replica{number}", command, self.env(number), self._folder)
        wait_for(f"replica {number} consumes", lambda: self._consumes(number), 120)

    def restart(self, number: int, how: int) -> None:
        self._chain.processes.stop(f"replica{number}", how, 60)
        self.start(number)

    def _consumes(self, number: int) -> bool:
        self._chain.processes.check()
        try:
            address = f"http://127.0.0.1:{self.monitors[number]}/ready"
            with urllib.request.urlopen(address, timeout=10) as answer:
                return b'"consuming": true' in answer.read()
        except OSError:
            return False


class Page:
    """What the page says of the fleet, asked again and again while it is restarted."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.daemon = ""
        self.rows: set[tuple[str, ...]] = set()
        self.states: Counter[str] = Counter()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def watch(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        while not self.ended.wait(1):
            daemons = self.asked("daemons")["daemons"]
            self.rows.add(tuple(sorted(row["id"] for row in daemons)))
            self.states.update("silent" if row["silent"] else row["state"] for row in daemons)

    def asked(self, what: str, **query: object) -> Any:
        address = f"{self._address}/api/v1/{what}?{urlencode(query)}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.load(answer)

    def series(self, start: int, end: int, *metrics: str) -> dict[str, list[float | None]]:
        body = self.asked(
            "series", daemon=self.daemon, start=start, end=end, step=STEP,
            metrics=",".join(metrics),
        )  # fmt: skip
        return body["daemons"][0]["series"] if body["daemons"] else {}  # type: ignore[no-any-return]


def broker_stats(management: int) -> dict[str, int]:
    """Return what the broker has counted of the queue."""
    login = base64.b64encode(b"guest:guest").decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{management}/api/queues/%2F/archiver",
        headers={"Authorization": f"Basic {login}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = json.load(answer)
    stats = {**body["message_stats"], **body}
    return {name: stats[name] for name in ("publish", "ack", "redeliver", "messages")}


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_restarts(short_folder: Path, figure: Figure) -> None:
    """Half of the restarts are kills with messages in hand."""
    if not rabbitmq.installed():
        pytest.skip("rabbitmq-server is not installed")
    chain = Chain(short_folder, [], STEP)
    try:
        played(chain, short_folder, figure)
    finally:
        if "broker" in chain.processes.running:
            chain.processes.stop("broker", signal.SIGKILL)
        chain.processes.stop_all(last=rabbitmq.NAMES)


def collectd_lines(management: int, fleet: Fleet) -> str:
    monitors = "".join(
        f'    FedoraMessaging "http://127.0.0.1:{port}" "{SERVICE}"\n' for port in fleet.monitors
    )
    return (
        f'    <RabbitMQ "http://127.0.0.1:{management}">\n      Queues "archiver"\n'
        f'      Service "archiver" "{SERVICE}"\n    </RabbitMQ>\n{monitors}'
    )


def played(chain: Chain, folder: Path, figure: Figure) -> None:
    amqp, management = free_port(), free_port()
    folder.chmod(0o755)  # another Debian's broker runs as its own user
    (folder / "mq").mkdir()
    rabbitmq.start(chain.processes, folder / "mq", amqp, management)
    fleet = Fleet(chain, folder, amqp)
    chain.sources.append(collectd_lines(management, fleet))
    for number in range(3):
        fleet.start(number)
    chain.start_rrdcached()
    chain.start_collectd()
    chain.start_dashboard()
    page = Page(chain.url)

    def at_rest() -> bool:
        rows = page.asked("daemons")["daemons"]
        now, page.daemon = int(time.time()), rows[0]["id"] if rows else ""
        return bool(
            rows and set(page.series(now - 4 * STEP, now, "received")["received"]) - {None} == {0}
        )

    # RabbitMQ 4 has no totals of a queue before its first message.
    command = [sys.executable, "-m", "examples.new_bus.publish"]
    chain.processes.start("first", [*command, str(FIRST), str(RATE)], fleet.env(0), folder)
    assert chain.processes.running.pop("first").wait(120) == 0
    wait_for("the queue is at rest on the page", at_rest, 120)
    begin = int(time.time()) // STEP * STEP
    command += [str(MAX_MESSAGES), str(RATE)]
    chain.processes.start("publisher", command, fleet.env(0), folder)
    page.watch()
    for count in range(RESTARTS):
        fleet.restart(count % 3, signal.SIGKILL if count % 2 else signal.SIGTERM)
    publisher = chain.processes.running["publisher"]
    publisher.send_signal(signal.SIGINT)
    assert publisher.wait(120) == 0
    del chain.processes.running["publisher"]
    sent = int((folder / "logs" / "publisher.log").read_text().splitlines()[-1])

    series: dict[str, list[float | None]] = {}

    def all_stored() -> bool:
        end = int(time.time()) // STEP * STEP - STEP
        series.update(page.series(begin, end, "received", "processed", "backlog", "workers"))
        return series["backlog"][-1] == 0 and total(series["received"]) >= sent - 0.5

    with contextlib.suppress(TimeoutError):  # the figures below say what is missing
        wait_for("all are processed", all_stored, 90)
        wait_for("it is at rest", lambda: broker_stats(management)["ack"] >= sent + FIRST, 20)
        all_stored()
    page.ended.set()
    checked(page, series, sent, broker_stats(management), figure)


def total(rates: list[float | None]) -> float:
    return sum(rate or 0 for rate in rates) * STEP


def checked(
    page: Page,
    series: dict[str, list[float | None]],
    sent: int,
    stats: dict[str, int],
    figure: Figure,
) -> None:
    totals = {name: total(series[name]) for name in ("received", "processed")}
    highest = max(rate or 0 for rate in series["received"])
    gaps = {name: values.count(None) for name, values in series.items()}
    figure(
        f"{RESTARTS} restarts of 3 fedora-messaging replicas, one queue",
        f"{sent:,} sent, {totals['received']:,.1f} received, {totals['processed']:,.1f} processed"
        f" in RRD; unknown steps {gaps} of {len(series['received'])}; at most {highest:.1f}/s where"
        f" {RATE}/s came; broker {stats}; at the end"
        f" {series['backlog'][-1]} wait; rows {sorted(page.rows)}; seconds {dict(page.states)}",
    )
    assert totals["received"] == pytest.approx(sent, abs=0.5)
    # On a busy machine the broker itself loses acknowledgements of channels that end.
    assert totals["processed"] == pytest.approx(stats["ack"] - FIRST, abs=0.5)
    assert stats["ack"] - FIRST >= 0.95 * sent
    assert gaps == dict.fromkeys(gaps, 0)
    assert highest <= 5 * RATE  # as many intervals of the broker's statistics in one step
    assert page.rows == {(page.daemon,)}
    assert page.states["DOWN"] == 0
    # Where 30 processes want each core a sample may come late; the series has it all the same.
    assert page.states["silent"] <= 0.1 * page.states.total()
