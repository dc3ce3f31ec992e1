"""Other kinds of daemon, read from the real thing where it can be run here."""

from __future__ import annotations

import os
import sys
import time
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
    there, gone = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{closed}"
    source = FedoraMessagingSource({there: "archiver", gone: "gone"}, 1.0)
    try:
        found = []

        def answered() -> bool:
            found.append(source.collect(2.0, time.time()))
            return bool(found[-1].fresh)

        wait_for("the monitor answers", answered)
        assert found[-1].silent == [gone]
        [(_, origin, [sample])] = found[-1].fresh
        assert (origin.service, sample.received, sample.processed) == ("archiver", 10, 8)
        assert (sample.failed, sample.in_progress, sample.backlog) == (3, 2, None)
    finally:
        source.close()
        processes.stop_all()


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
