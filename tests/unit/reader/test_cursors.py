"""Which samples of a reply are new, and what a restart has lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.wire import Origin, Reply
from collectd_fedmsg.reader.cursors import MAX_CONSUMERS, MISSED_ROUNDS, Cursors

HERE = "ipc:///run/d.1.sock"


def reply(run: str, *numbers: int, backlog: int = 0) -> Reply:
    origin = Origin("d", "host", 1, run, 0.0, 10)
    samples = [(n, Sample("C", 10.0 * n, 5 + backlog, 5, backlog, 0)) for n in numbers]
    return Reply(origin, 0.0, 0.0, min(numbers), max(numbers), False, samples)


def times(cursors: Cursors, answer: Reply) -> list[float]:
    return [sample.time for sample in cursors.accept(HERE, answer).fresh]


def test_each_sample_once() -> None:
    """Duplicates and what comes out of order are dropped."""
    cursors = Cursors()
    assert times(cursors, reply("a", 1, 2)) == [10.0, 20.0]
    assert times(cursors, reply("a", 1, 2)) == []
    assert times(cursors, reply("a", 3, 2, 4)) == [30.0, 40.0]
    assert times(cursors, reply("a", 1)) == []


def test_a_restart_has_what_was_lost() -> None:
    """The backlog of the last sample; the new run's samples of the same moments are dropped."""
    cursors = Cursors()
    times(cursors, reply("a", 1, 2, backlog=7))
    accepted = cursors.accept(HERE, reply("b", 1, 2, 3))
    assert accepted.ended is not None
    assert dict(accepted.ended.lost) == {"C": 7}
    assert [sample.time for sample in accepted.fresh] == [30.0]


def test_a_restarted_reader_continues(tmp_path: Path) -> None:
    """What was saved is not dispatched again; a spoilt file is an error with its name."""
    path = tmp_path / "cursors.json"
    cursors = Cursors()
    times(cursors, reply("a", 1, 2))
    cursors.save(path)
    after = Cursors()
    after.load(path)
    assert times(after, reply("a", 2, 3)) == [30.0]
    good = json.loads(path.read_text())
    cursor = good["cursors"][HERE]
    for wrong in (
        *({"what": 1}, {"after": "2"}, {"after": True}, {"run": 7}, {"service": None}),
        *({"backlog": {"C": "x"}}, {"totals": {"C": [1]}}, {"totals": {"C": None}}),
    ):
        path.write_text(json.dumps({**good, "cursors": {HERE: {**cursor, **wrong}}}))
        with pytest.raises(ValueError, match=r"cursors\.json"):
            Cursors().load(path)
    for spoilt in (
        "", "[]", "[" * 100_000, json.dumps({"cursors": {"x": {"what": 1}}}),
        json.dumps({**good, "times": {"x": float("inf")}}),
        json.dumps({**good, "times": {"x": float("nan")}}),
        json.dumps({**good, "times": {"x": 10**400}}),
        json.dumps({**good, "users": {"x": [float("inf"), 0]}}),
    ):  # fmt: skip
        path.write_text(spoilt)
        with pytest.raises(ValueError, match=r"."):
            Cursors().load(path)


def test_two_of_one_name_do_not_mix() -> None:
    """The first keeps its series until it has ended or been silent for long: no spike."""
    cursors, elsewhere = Cursors(), "ipc:///run/d.2.sock"
    assert times(cursors, reply("a", 1)) == [10.0]
    second = cursors.accept(elsewhere, reply("b", 1, 2))
    assert not second.fresh
    assert "collectd_fedmsg.service" in second.refused
    assert cursors.accept(elsewhere, reply("b", 1, 2), "elsewhere").fresh, "another host is another"
    cursors.end(HERE)
    assert [sample.time for sample in cursors.accept(elsewhere, reply("c", 1, 2)).fresh] == [20.0]
    assert cursors.accept(HERE, reply("a", 3)).refused
    for _ in range(MISSED_ROUNDS):
        cursors.missed([elsewhere])
    assert cursors.accept(HERE, reply("a", 3)).fresh


def test_a_clock_set_back_is_reported() -> None:
    """No sample goes back in time; the reason is given; later samples are taken."""
    cursors = Cursors()
    times(cursors, reply("a", 400))
    origin = reply("a", 1).origin
    back = Reply(origin, 0.0, 0.0, 0, 401, False, [(401, Sample("C", 400.0, 9, 9, 0, 0))])
    accepted = cursors.accept(HERE, back)
    assert not accepted.fresh
    assert "set back" in accepted.refused
    assert "3600 s" in accepted.refused
    later = Reply(origin, 0.0, 0.0, 0, 402, False, [(402, Sample("C", 4010.0, 9, 9, 0, 0))])
    assert cursors.accept(HERE, later).fresh


def test_a_peer_gone_mad_is_bounded() -> None:
    """Totals that shrink within a run are refused, and consumers beyond a number."""
    cursors = Cursors()
    origin = reply("a", 1).origin

    def accept(number: int, name: str, total: int) -> str:
        sample = Sample(name, 10.0 * number, total, total, 0, 0)
        return cursors.accept(
            HERE, Reply(origin, 0.0, 0.0, 0, number, False, [(number, sample)])
        ).refused  # fmt: skip

    assert accept(1, "C", 5) == ""
    assert "shrank" in accept(2, "C", 4)
    assert accept(3, "C", 6) == ""
    refused = [accept(4 + n, f"C{n}", 1) for n in range(MAX_CONSUMERS + 5)]
    assert sum(map(bool, refused)) == 6


def test_a_user_s_consumers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with consumers without end at many endpoints takes no other's place."""
    monkeypatch.setattr("collectd_fedmsg.reader.cursors.MAX_OF_USER", 5)
    origin = Origin("d", "host", 1, "a", 0.0, 10)

    def places_taken(cursors: Cursors, endpoint: str, user: str, number: int, at: float) -> int:
        origin_here = replace(origin, service=endpoint)
        samples = [(n, Sample(f"C{n}", at, 5, 5, 0, 0)) for n in range(number)]
        answer = Reply(origin_here, 0.0, 0.0, 0, number - 1, False, samples)
        return len(cursors.accept(endpoint, answer, "", user).fresh)

    cursors = Cursors()
    assert [places_taken(cursors, f"e{n}", "uid 2002", 3, 10.0) for n in range(3)] == [3, 2, 0]
    assert places_taken(cursors, "h", "uid 2001", 5, 10.0) == 5
    assert places_taken(cursors, "t", "", 9, 10.0) == 9, "hosts over TCP have a bound each"
    path = tmp_path / "cursors.json"
    cursors.save(path)
    restored = Cursors()
    restored.load(path)
    assert places_taken(restored, "e3", "uid 2002", 3, 20.0) == 0
    # What has ended makes room.
    restored.end("e0")
    assert places_taken(restored, "e4", "uid 2002", 3, 20.0) == 3
