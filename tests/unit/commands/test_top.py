"""What ``top`` shows of daemons that are slow, hang, end and restart; how it fits a window."""

from __future__ import annotations

import pytest

from collectd_fedmsg.commands.top_rows import REMEMBERED_SECONDS, Row, Watch
from collectd_fedmsg.commands.top_screen import view
from collectd_fedmsg.names import visible
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.wire import Origin, Reply
from collectd_fedmsg.reader.collect import Harvest

INTERVAL = 10


def look(*daemons: tuple[str, int, list[Sample]], silent: tuple[str, ...] = ()) -> Harvest:
    """Return a look at daemons: service, pid and samples each."""
    harvest = Harvest(silent=list(silent))
    for service, pid, samples in daemons:
        endpoint = f"ipc:///{service}.{pid}.sock"
        origin = Origin(service, "host", pid, f"{pid}", 0.0, INTERVAL)
        harvest.heads[endpoint] = Reply(origin, 0.0, 0.0, 0, 0, False, ())
        harvest.fresh.append((endpoint, origin, samples))
    return harvest


def samples(backlog: list[int], processed: int = 100, oldest: float | None = None) -> list[Sample]:
    return [Sample("C", INTERVAL * (at + 1.0), processed * at + waiting, processed * at, waiting, 0,
                   busy=at * 1000, oldest=oldest if waiting else None)
            for at, waiting in enumerate(backlog)]  # fmt: skip


def test_the_worst_comes_first_and_says_why() -> None:
    watch = Watch()
    watch.note(
        look(
            ("calm", 1, samples([0] * 60)),
            ("stuck", 2, samples([0] * 40 + [9 * n for n in range(20)], 0, 200.0)),
        ),
        600.0,
    )
    stuck, calm = watch.rows(601.0)
    assert (stuck.name, stuck.state, stuck.backlog) == ("stuck/C", "STALLED", 171)
    assert "nothing" in stuck.evidence
    assert (calm.state, calm.arrival_rate, calm.completion_rate) == ("OK", 10.0, 10.0)


def test_silent_late_and_gone_are_never_well() -> None:
    """Their last figures are not shown as if they were of now."""
    watch = Watch()
    watch.note(look(("d", 1, samples([0] * 60))), 600.0)
    watch.note(Harvest(silent=["ipc:///d.1.sock"]), 610.0)
    assert watch.rows(610.0)[0].state == "SILENT"
    watch.note(look(("d", 1, [])), 620.0)
    assert watch.rows(620.0)[0].state == "OK"
    late = watch.rows(631.0)[0]
    assert (late.state, late.backlog, late.arrival_rate) == ("UNKNOWN", None, None)
    watch.note(Harvest(), 640.0)
    row = watch.rows(640.0)[0]
    assert (row.state, row.backlog, row.arrival_rate) == ("DOWN", None, None)
    watch.note(Harvest(), 640.0 + REMEMBERED_SECONDS + 1)
    assert watch.rows(640.0 + REMEMBERED_SECONDS + 1) == []


def test_a_restart_takes_the_old_one_s_place() -> None:
    watch = Watch()
    watch.note(look(("d", 1, samples([0] * 60))), 600.0)
    watch.note(look(("d", 2, samples([0] * 2))), 601.0)
    assert [row.name for row in watch.rows(601.0)] == ["d/C"]


def test_two_of_one_name_are_numbered() -> None:
    watch = Watch()
    watch.note(look(("d", 1, samples([0])), ("d", 2, samples([0]))), 10.0)
    assert [row.name for row in watch.rows(10.0)] == ["d.1/C", "d.2/C"]


def rows(number: int) -> list[Row]:
    return [Row(f"service{n}/Consumer", "SLOW", 3.0, "word " * 99, 10**n, 1, n, 1.5, None, 61.0)
            for n in range(number)]  # fmt: skip


@pytest.mark.parametrize("width", [20, 40, 60, 79, 200])
@pytest.mark.parametrize("height", [1, 5, 24])
def test_it_fits_the_window(width: int, height: int) -> None:
    """No line is wider, none more; what has no room is counted, and backlog is never dropped."""
    lines = view(rows(18), Harvest(silent=["ipc:///x.1.sock"]), 0.0, width, height)
    assert len(lines) <= height
    assert max(len(line.text) for line in lines) <= width
    if width >= 60 and height > 5:
        assert "BACKLOG" in lines[1].text
        assert any(line.text.endswith("more") for line in lines)
        assert any(line.text.startswith("silent:") for line in lines)


def test_all_three_numbers_have_room_on_80_columns() -> None:
    head = view(rows(1), Harvest(), 0.0, 79)[1].text
    assert head.split() == ["DAEMON", "STATE", "RECEIVED", "PROCESSED", "BACKLOG", "IN/s", "OUT/s",
                            "OLDEST"]  # fmt: skip


def test_without_a_daemon_it_says_what_to_do() -> None:
    assert "doctor" in view([], Harvest(), 0.0)[2].text


def test_no_name_is_a_command_of_the_terminal() -> None:
    assert visible("a\x1b[2J\n\u202eb×") == "a\\x1b[2J\\n\\u202eb×"
