"""Which producers are late, by the daemon's own clock; never well when it cannot tell."""

from __future__ import annotations

import pytest

from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.commands.check_producers import Daemon, examine
from collectd_fedmsg.protocol.roster import Producer

OFF = Producer("Monitor", 5.0, initialized=False)
PLAIN = Producer("Health")
RANGES = (plugin.Range.parse("900"), plugin.Range.parse("1800"))


def daemons(*producers: Producer, started: float = 0.0) -> dict[str, Daemon]:
    return {"ipc:///hub.1.sock": Daemon("hub", started, 1000.0, producers)}


@pytest.mark.parametrize(("producer", "code"), [
    pytest.param(Producer("Poll", 60.0, 875.0), plugin.OK, id="two-intervals-and-a-nap"),
    pytest.param(Producer("Poll", 60.0, 874.0), plugin.WARNING, id="later"),
    pytest.param(Producer("Poll", 60.0, 755.0), plugin.WARNING, id="four-intervals-and-a-nap"),
    pytest.param(Producer("Poll", 60.0, 754.0), plugin.CRITICAL, id="later-still"),
    pytest.param(Producer("Poll", 60.0), plugin.CRITICAL, id="never-ran-since-long"),
    pytest.param(Producer("Poll", 600.0), plugin.OK, id="never-ran-not-due"),
    pytest.param(Producer("Poll", 60.0, 1005.0), plugin.OK, id="clock-set-back"),
    pytest.param(OFF, plugin.OK, id="switched-off"),
    pytest.param(PLAIN, plugin.OK, id="does-not-poll"),
    pytest.param(Producer("Poll", 1e9, 999.0), plugin.OK, id="every-thirty-years"),
])  # fmt: skip
def test_usual_ranges(producer: Producer, code: int) -> None:
    """Without ranges a producer is judged by its own interval."""
    assert examine(daemons(producer), [], (None, None))[0] == code


@pytest.mark.parametrize(("last_run", "code"), [(100.0, 0), (99.0, 1), (-801.0, 2)])
def test_ranges_given(last_run: float, code: int) -> None:
    """They count for every producer asked for, with their figures as performance data."""
    outcome = examine(
        daemons(Producer("Poll", 5.0, last_run), Producer("Other", 5.0, 0.5)), ["Poll"], RANGES
    )
    assert outcome[0] == code
    assert outcome[2] == [f"'hub/Poll_last_run'={1000 - last_run:g}s;900;1800;0"]


def test_asked_for_and_off_is_critical() -> None:
    assert examine(daemons(OFF), ["Mon*"], (None, None))[:2] == (
        2,
        "hub/Monitor is not initialized",
    )


def test_too_old_to_report_producers_is_unknown() -> None:
    """An earlier edition tells nothing: that is never OK, and no alarm is hidden by it."""
    old = Daemon("old", 0.0, 1000.0, None)
    assert examine({"ipc:///old.1.sock": old}, [], (None, None))[0] == plugin.UNKNOWN
    late = {**daemons(Producer("Poll", 1.0, 1.0)), "ipc:///old.1.sock": old}
    assert examine(late, [], (None, None))[0] == plugin.CRITICAL


def test_an_exception_is_in_the_output() -> None:
    line = examine(daemons(Producer("Poll", 60.0, 990.0, exceptions=3)), [], (None, None))[1]
    assert line == "hub/Poll last ran 10 s ago, 3 times in a row with an exception"


def test_no_daemon_is_critical() -> None:
    assert examine({}, [], (None, None))[0] == plugin.CRITICAL
