"""From a message to a notice on real parts: hub, collectd, rrdcached, evaluator; the dead named."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from examples.chain import Chain, Daemon
from examples.processes import wait_for
from tests.acceptance.test_end_to_end import newest, publish
from tests.integration.receivers import Receiver

RULES = """
every = "1s"
dashboard = "http://queues"
[grouping]
wait = 0
interval = 0
[[rule]]
name = "backlog"
when = "backlog"
hold = 1
clear = 2
[[rule]]
name = "daemon-silent"
when = "daemon_silent"
above = "6s"
hold = 0
clear = 3
severity = "critical"
[[rule]]
name = "collectd-silent"
when = "collectd_silent"
above = "8s"
hold = 0
clear = 3
severity = "critical"
[output.hook]
type = "webhook"
url = "{url}"
"""


@pytest.mark.acceptance
@pytest.mark.soak
def test_a_backlog_a_dead_daemon_and_a_dead_collectd(short_folder: Path) -> None:
    """Each raises one alert with the right text; a dead collectd is not a dozen dead daemons."""
    chain = Chain(
        short_folder,
        [Daemon("laggard", "tests.acceptance.slow:Slow", config={"slow.enabled": True})],
        interval=1,
    )
    with Receiver() as receiver:
        chain.rules = RULES.format(url=receiver.url)

        def alerts_received(rule: str, part: str) -> list[dict[str, Any]]:
            chain.processes.check()
            return [
                alert
                for notice in receiver.accepted()
                for alert in notice[part]
                if alert["rule"] == rule and (part == "over" or alert["id"] in notice["fresh"])
            ]

        with chain:

            def subscribed() -> bool:
                publish(chain, 1)
                return newest(chain)["Slow"].received > 0

            wait_for("the laggard is subscribed", subscribed, 60)
            publish(chain, 900)
            wait_for(
                "the backlog's notice is there",
                lambda: bool(alerts_received("backlog", "alerts")),
                60,
            )
            (alert,) = alerts_received("backlog", "alerts")
            assert alert["subject"] == {
                "host": "localhost",
                "service": "laggard",
                "consumer": "Slow",
            }
            assert alert["link"].startswith("http://queues/daemon/localhost/laggard/Slow?start=")
            wait_for(
                "the notice of its end is there",
                lambda: bool(alerts_received("backlog", "over")),
                90,
            )
            (over,) = alerts_received("backlog", "over")
            assert over["id"] == alert["id"]
            assert over["cleared"] > over["since"]
            assert over["affected"] >= over["peak"] > 0
            chain.processes.stop("laggard", signal.SIGKILL)
            wait_for(
                "the dead daemon's notice is there",
                lambda: bool(alerts_received("daemon-silent", "alerts")),
                60,
            )
            assert [
                alert["subject"]["service"] for alert in alerts_received("daemon-silent", "alerts")
            ] == ["laggard"]
            assert alerts_received("collectd-silent", "alerts") == []
            chain.processes.stop("collectd", signal.SIGKILL)
            wait_for(
                "the dead collectd's notice is there",
                lambda: bool(alerts_received("collectd-silent", "alerts")),
                60,
            )
            (dead,) = alerts_received("collectd-silent", "alerts")
            assert dead["subject"] == {"host": "localhost", "service": "", "consumer": ""}
            assert len(alerts_received("daemon-silent", "alerts")) == 1
