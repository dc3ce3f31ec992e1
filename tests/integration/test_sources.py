"""Other kinds of daemon, read from the real thing where it can be run here."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.collector.sources.fedora_messaging import FedoraMessagingSource, read
from collectd_fedmsg.collector.sources.moksha import Totals, add
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for

# fedora-messaging's own service, statistics and monitor; without a broker nothing is consumed,
# so the test raises the totals as its protocol does.
SERVICE = """
import sys
from twisted.application.service import MultiService
from twisted.internet import reactor
from fedora_messaging.twisted.monitor import monitor_service
from fedora_messaging.twisted.stats import ConsumerStatistics, FactoryStatistics
class Service(MultiService):
    consuming = True
    stats = FactoryStatistics(published=1, consumed=ConsumerStatistics(
        received=10, processed=4, dropped=1, rejected=2, failed=1))
service = Service()
monitor_service(service, address="127.0.0.1", port=int(sys.argv[1]))
service.startService()
reactor.run()
"""


def test_fedora_messaging(short_folder: Path) -> None:
    """The monitor's totals become ours; one that is not there is silent, and in time."""
    port, closed = free_port(), free_port()
    processes = Processes(short_folder)
    command = [sys.executable, "-c", SERVICE, str(port)]
    processes.start("service", command, {**os.environ, "PYTHONPATH": str(ROOT)}, short_folder)
    listening, refusing = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{closed}"
    source = FedoraMessagingSource({listening: "archiver", refusing: "gone"}, 1.0)
    try:
        harvests = []

        def has_answered() -> bool:
            harvests.append(source.collect(2.0, time.time()))
            return bool(harvests[-1].fresh)

        wait_for("the monitor answers", has_answered)
        assert harvests[-1].silent == [refusing]
        [(_, origin, [sample])] = harvests[-1].fresh
        assert (origin.service, sample.received, sample.processed) == ("archiver", 10, 8)
        assert (sample.failed, sample.in_progress, sample.backlog) == (3, 2, None)
    finally:
        source.close()
        processes.stop_all()


class Monitor(http.server.BaseHTTPRequestHandler):
    """Answers ``/ready`` as the server's ``said`` is at that moment."""

    def do_GET(self):
        body = json.dumps(self.server.status).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def ready(received: int, consuming: bool = True) -> dict[str, object]:
    return {
        "consuming": consuming,
        "published": {"failed": 0, "rejected": 0, "successful": 0},
        "consumed": {
            "received": received,
            "processed": received - 2,
            "dropped": 0,
            "rejected": 1,
            "failed": 1,
        },
    }


@pytest.fixture
def monitors() -> Iterator[list[http.server.ThreadingHTTPServer]]:
    """Three monitors, each with 5,000 messages behind it."""
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Monitor) for _ in range(3)]
    for server in servers:
        server.status = ready(5000)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


def url(server: http.server.ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_a_service_that_consumes_no_more_says_so_at_once(monitors) -> None:
    """It lost its broker: the totals stand still as in any calm hour, this does not."""
    source = FedoraMessagingSource({url(monitors[0]): "bodhi"}, 10.0)
    [(_, _, [well])] = source.collect(30.0, 10.0).fresh
    monitors[0].status = ready(5000, consuming=False)
    [(_, _, [lost])] = source.collect(30.0, 20.0).fresh
    source.close()
    assert (well.consuming, lost.consuming) == (1, 0)


def test_several_monitors_of_one_name_are_one_row_and_lose_nothing(monitors) -> None:
    """Replicas: their sum, and a line that says so; one that restarts counts from 0."""
    source = FedoraMessagingSource({url(server): "bodhi" for server in monitors}, 10.0)
    source.collect(30.0, 10.0)
    for server, received, consuming in zip(monitors, (5010, 5020, 7), (True, True, False)):
        server.status = ready(received, consuming)
    collected = source.collect(30.0, 20.0)
    [(_, origin, [row])] = collected.fresh
    source.close()
    assert (origin.service, row.received, row.consuming) == ("bodhi", 10 + 20 + 7, 2)
    assert "3 monitors" in collected.notes["bodhi"]


@pytest.mark.parametrize(("has_queue", "received"), [(True, None), (None, None), (False, 5000)])
def test_a_monitor_adds_what_the_broker_of_its_queue_cannot_know(
    monitors, has_queue, received
) -> None:
    """Until it is known whether there is a queue its totals are held back: no spike either way."""
    source = FedoraMessagingSource({url(monitors[0]): "bodhi"}, 10.0, lambda _: has_queue)
    [(_, _, [row])] = source.collect(30.0, 10.0).fresh
    source.close()
    assert (row.received, row.failed, row.consuming) == (received, 2, 1)


def test_with_the_counting_inside_a_monitor_adds_whether_it_consumes(monitors) -> None:
    """Two totals of failures in one series would draw a spike at each turn."""
    source = FedoraMessagingSource({url(monitors[0]): "bodhi"}, 10.0, None, lambda _: True)
    [(_, _, [row])] = source.collect(30.0, 10.0).fresh
    source.close()
    assert (row.received, row.failed, row.in_progress, row.consuming) == (None, None, None, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"{" * 5000,
        b'{"consumed": 3}',
        b'{"consumed": {"received": -1, "processed": 0, "dropped": 0, "rejected": 0, "failed": 0}}',
    ],
)
def test_a_false_monitor_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, RecursionError)):
        read(body, 1.0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b'{"consumers": 1}',
        b'{"consumers": [{}]}',
        b'{"consumers": [{"name": "C", "initialized": true, "backlog": 1, "times": [NaN],'
        b'"headcount_in": 1, "headcount_out": 1, "exceptions": 0}]}',
    ],
)
def test_a_false_report_changes_nothing(frame: bytes) -> None:
    totals: dict[str, Totals] = {}
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        add(totals, frame)
    assert not totals
