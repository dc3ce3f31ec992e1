"""Which samples of a reply are new, and what a restart has lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectd_fedmsg.cursors import Cursors
from collectd_fedmsg.sample import Sample
from collectd_fedmsg.wire import Origin, Reply

HERE = "ipc:///run/d.1.sock"


def reply(run: str, *numbers: int, backlog: int = 0) -> Reply:
    origin = Origin("d", "host", 1, run, 0.0, 10)
    samples = [(n, Sample("C", 10.0 * n, 5 + backlog, 5, backlog, 0)) for n in numbers]
    return Reply(origin, 0.0, 0.0, min(numbers), max(numbers), False, samples)


def times(cursors: Cursors, one: Reply) -> list[float]:
    return [sample.time for sample in cursors.accept(HERE, one)[0]]


def test_each_sample_once() -> None:
    """Duplicates and what comes out of order are dropped."""
    cursors = Cursors()
    assert times(cursors, reply("a", 1, 2)) == [10.0, 20.0]
    assert times(cursors, reply("a", 1, 2)) == []
    assert times(cursors, reply("a", 3, 2, 4)) == [30.0, 40.0]
    assert times(cursors, reply("a", 1)) == []


def test_a_restart_tells_what_was_lost() -> None:
    """The backlog of the last sample; the new run's samples of the same moments are dropped."""
    cursors = Cursors()
    times(cursors, reply("a", 1, 2, backlog=7))
    fresh, ended = cursors.accept(HERE, reply("b", 1, 2, 3))
    assert ended is not None
    assert dict(ended.lost) == {"C": 7}
    assert [sample.time for sample in fresh] == [30.0]


def test_a_restarted_reader_goes_on(tmp_path: Path) -> None:
    """What was saved is not dispatched again; a spoilt file is an error with its name."""
    path = tmp_path / "cursors.json"
    cursors = Cursors()
    times(cursors, reply("a", 1, 2))
    cursors.save(path)
    after = Cursors()
    after.load(path)
    assert times(after, reply("a", 2, 3)) == [30.0]
    for spoilt in ("", "[]", json.dumps({"cursors": {"x": {"what": 1}}, "times": {}})):
        path.write_text(spoilt)
        with pytest.raises(ValueError, match=r"."):
            Cursors().load(path)
