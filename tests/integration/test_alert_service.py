"""The service on real files: reload, mistakes, dead agents, orders, who watches the watchman."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rrdtool")

from collectd_fedmsg.alerts.records import Subject
from collectd_fedmsg.alerts.service import EvaluatorLoop
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.cli import main
from collectd_fedmsg.commands.alerts import observer
from collectd_fedmsg.errors import HealthError, StoreError
from tests.integration.receivers import file_options
from tests.integration.test_store_rrd import HOST, STEP, write

NOW = int(time.time()) // STEP * STEP
RULES = """
[grouping]
wait = 0
[[rule]]
name = "waits"
when = "backlog"
hold = "1min"
[[rule]]
name = "daemon"
when = "daemon_silent"
[[rule]]
name = "collectd"
when = "collectd_silent"
[[rule]]
name = "lost"
when = "lost"
[output.hook]
type = "webhook"
url = "http://127.0.0.1:9"
"""


def series(
    root: Path,
    backlog: dict[int, float],
    consumer: str = "Archiver",
    received: dict[int, float] | None = None,
) -> None:
    """Write one consumer's files: the backlog given, 10 messages a step received."""
    totals = received or {t: (t - NOW + 3600) for t in backlog}
    write(root, "backlog", backlog, consumer=consumer)
    write(root, "received", totals, consumer=consumer)
    write(
        root, "processed", {t: max(0, totals[t] - backlog[t]) for t in backlog}, consumer=consumer
    )


@pytest.fixture
def site(tmp_path: Path) -> Any:
    """Yield a folder with rules, and a function that makes the service over its files."""
    (tmp_path / "rules.toml").write_text(RULES)
    loops: list[EvaluatorLoop] = []

    def service() -> EvaluatorLoop:
        (tmp_path / "rrd").mkdir(exist_ok=True)
        loops.append(
            EvaluatorLoop(
                tmp_path / "rules.toml", tmp_path / "a.db", observer(file_options(tmp_path / "rrd"))
            )
        )
        return loops[-1]

    yield tmp_path, service
    for loop in loops:
        loop.close()


def notices(folder: Path) -> list[tuple[str, str]]:
    """Return (rule, kind) of every notice in the book, in order."""
    book = AlertDatabase(folder / "a.db")
    rows = book.base.execute("SELECT payload FROM outbox ORDER BY serial").fetchall()
    book.close()
    import json

    bodies = [json.loads(text) for (text,) in rows]
    return [
        (alert["rule"], body["kind"])
        for body in bodies
        for alert in (*body["alerts"], *body["over"])
    ]


def test_a_backlog_is_raised_with_its_diagnosis(site: Any) -> None:
    """Real files, the dashboard's diagnosis: why, since when, how many messages."""
    folder, service = site
    times = range(NOW - 800, NOW + 1, STEP)
    series(folder / "rrd", {t: max(0, t - NOW + 300) for t in times})
    loop = service()
    loop.once(NOW + 1)
    (alert,) = loop.state.alerts
    assert (alert.rule, alert.since) == ("waits", NOW - 290)
    assert alert.raised == NOW - 230
    assert alert.value == alert.peak == 300
    assert alert.why
    assert notices(folder) == [("waits", "raised")]


def test_a_dead_daemon_and_a_dead_collectd(site: Any) -> None:
    """One of two silent: the daemon; all of them, and our plugin's own heartbeat: collectd."""
    folder, service = site
    root = folder / "rrd"
    series(root, dict.fromkeys(range(NOW - 800, NOW - 299, STEP), 0), "Dead")
    series(root, dict.fromkeys(range(NOW - 800, NOW + 1, STEP), 0), "Alive")
    loop = service()
    loop.once(NOW + 1)
    assert [(alert.rule, alert.subject.consumer) for alert in loop.state.alerts] == [
        ("daemon", "Dead")
    ]
    loop.once(NOW + 400)
    assert {(alert.rule, alert.subject) for alert in loop.state.alerts} == {
        ("daemon", Subject(HOST, "hub", "Dead")),
        ("collectd", Subject(HOST)),
    }


def test_by_the_heartbeat_a_dead_daemon_is_no_dead_collectd(site: Any) -> None:
    """The only daemon of a host is silent, collectd lives: the daemon is to blame."""
    folder, service = site
    root = folder / "rrd"
    series(root, dict.fromkeys(range(NOW - 800, NOW - 299, STEP), 0), "Dead")
    write(
        root,
        "daemons_seen",
        dict.fromkeys(range(NOW - 800, NOW + 1, STEP), 1),
        folder=f"{HOST}/collectd_fedmsg",
        name="count-daemons_seen",
    )
    loop = service()
    loop.once(NOW + 1)
    assert [alert.rule for alert in loop.state.alerts] == ["daemon"]


def test_messages_lost_at_a_restart_are_counted(site: Any) -> None:
    """The totals restart with 40 waiting: 40 are lost."""
    folder, service = site
    times = list(range(NOW - 800, NOW + 1, STEP))
    restart = NOW - 200
    received = {t: (t - NOW + 3600 if t < restart else t - restart) for t in times}
    backlog = {t: 40 if NOW - 240 <= t < restart else 0 for t in times}
    series(folder / "rrd", backlog, received=received)
    service().once(NOW + 1)
    assert notices(folder) == [("lost", "raised")]


def test_a_store_that_is_away_grows_silent(site: Any) -> None:
    """Unreadable files are no calm: what was seen ages until collectd is called silent."""
    folder, service = site
    series(folder / "rrd", dict.fromkeys(range(NOW - 800, NOW + 1, STEP), 0))
    loop = service()
    loop.once(NOW + 1)

    def unreadable(now: float) -> Any:
        raise StoreError("rrdcached does not answer")

    loop.observe = unreadable
    loop.once(NOW + 100)
    assert loop.state.alerts == ()
    loop.once(NOW + 200)
    assert [alert.rule for alert in loop.state.alerts] == ["collectd"]


def write_rules(folder: Path, text: str) -> None:
    (folder / "rules.toml").write_text(text)
    os.utime(folder / "rules.toml", ns=(time.time_ns(), time.time_ns()))


def test_rules_are_reloaded_and_a_mistake_keeps_the_last_good_ones(site: Any, caplog: Any) -> None:
    """Without a restart; the mistake names file, key and value; also over a restart."""
    folder, service = site
    loop = service()
    write_rules(folder, RULES.replace('"1min"', '"7min"'))
    assert loop.reload()
    assert loop.rules.rules[0].hold == 420
    write_rules(folder, RULES.replace('"1min"', '"soon"'))
    assert not loop.reload()
    assert loop.rules.rules[0].hold == 420
    assert f"{folder}/rules.toml: rule[1].hold = 'soon': must be a duration" in caplog.text
    loop.close()
    restarted = service()
    assert restarted.rules.rules[0].hold == 420
    book = AlertDatabase(folder / "a.db")
    assert "'soon'" in book.good_rules()[1]
    write_rules(folder, RULES)
    assert restarted.reload()
    assert book.good_rules()[1] == ""
    book.close()


def test_wrong_from_the_first_is_refused(site: Any, caplog: Any) -> None:
    """It names file, key and value, and that nothing is evaluated."""
    folder, service = site
    write_rules(folder, "every = 'soon'")
    with pytest.raises(HealthError) as refused:
        service()
    mistake, what_now = str(refused.value).splitlines()
    assert mistake.startswith(f"{folder}/")
    assert "every = 'soon'" in mistake
    assert what_now.startswith("nothing is evaluated")
    assert "go on" not in caplog.text


def test_two_evaluators_on_one_file_are_refused(site: Any) -> None:
    _, service = site
    service()
    with pytest.raises(StoreError, match="another evaluator"):
        service()


def test_orders_by_the_command_line(site: Any, capsys: Any) -> None:
    """Acknowledge, silence, list; an unknown id and an endless silence are refused."""
    folder, service = site
    series(folder / "rrd", dict.fromkeys(range(NOW - 800, NOW + 1, STEP), 5))
    loop = service()
    loop.once(NOW + 1)
    (alert,) = loop.state.alerts
    state = ("--state", str(folder / "a.db"), "--by", "me")
    assert main(["alerts", "ack", alert.id, "--comment", "on it", *state]) == 0
    assert main(["alerts", "ack", "nope", *state]) == 1
    assert main(["alerts", "silence", "--service", "hub", "--for", "2h", *state]) == 0
    assert main(["alerts", "silence", "--for", "2h", *state]) == 1
    assert main(["alerts", "silence", "--service", "hub", "--for", "400d", *state]) == 1
    loop.once(NOW + 11)
    assert loop.state.alerts[0].ack.by == "me"
    capsys.readouterr()
    assert main(["alerts", "list", *state]) == 0
    output = capsys.readouterr().out
    assert f"{alert.id}  warning" in output
    assert "acknowledged by me" in output
    silence = output.partition("\nsilence ")[2].split()[0]
    assert main(["alerts", "unsilence", silence, *state]) == 0
    assert main(["alerts", "unack", alert.id, *state]) == 0
    loop.once(NOW + 21)
    assert loop.state.alerts[0].ack is None


def test_status_is_critical_for_a_dead_evaluator(site: Any, capsys: Any) -> None:
    """OK after a step, CRITICAL without one for long and without a file."""
    folder, service = site
    state = ("--state", str(folder / "a.db"))
    assert main(["alerts", "status", *state]) == 2
    loop = service()
    loop.once(time.time())
    assert main(["alerts", "status", *state]) == 0
    loop.once(time.time() - 600)
    capsys.readouterr()
    assert main(["alerts", "status", *state]) == 2
    age = re.search(r"evaluated (\d+) s ago", capsys.readouterr().out)
    assert 600 <= int(age[1]) < 700


def test_a_full_disk_or_a_lost_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    shutil.rmtree(tmp_path / "x")
    with pytest.raises(StoreError):
        AlertDatabase(tmp_path / "x" / "a.db")
