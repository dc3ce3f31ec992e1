"""What is kept of daemons for the page: in a file, by real samples, bounded."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from collectd_fedmsg.collector.evidence_keeper import (
    MAX_OF_DAEMON,
    THINNED,
    WRITE_SECONDS,
    EvidenceKeeper,
)
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.about import About, Release, SlowMessage
from collectd_fedmsg.protocol.evidence import StackTime
from collectd_fedmsg.protocol.evidence_file import EvidenceFile
from collectd_fedmsg.protocol.roster import Roster
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Harvest
from collectd_fedmsg.reader.evidence_files import EvidenceFiles, changes_of

NOW = 1_800_000_000.0
ENDPOINT = "ipc:///run/x/hub.7.sock"
PLACE = "bus01"


def about(version: str) -> About:
    return About("3.11.2", (Release("Archiver", "nommer", version),),
                 (SlowMessage("Archiver", "t", "2026-1", 3.0, NOW),))  # fmt: skip


def sample(at: float) -> Sample:
    stacks = (
        StackTime("t", "a:f:1", "psycopg:execute", "waiting", int(at - NOW) * 10**6 + 10**10),
    )
    return Sample("Archiver", at, 5, 5, 0, 0, topics={"t": 5}, stacks=stacks)


def harvest(run: str, started: float, version: str, *at: float, names: str = "Archiver") -> Harvest:
    """Return what one round brings of one daemon."""
    origin = wire.Origin("hub", "what it calls itself", 7, run, started, 10)
    head = wire.Reply(origin, NOW, 1.0, 0, 0, False, (), Roster((names,)), about=about(version))
    samples = [(ENDPOINT, origin, [sample(moment) for moment in at])] if at else []
    return Harvest(fresh=samples, heads={ENDPOINT: head})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collectd_fedmsg.evidence"


def keeper(path: Path | None) -> EvidenceKeeper:
    return EvidenceKeeper(path, lambda _: PLACE)


def written(path: Path) -> EvidenceFile:
    [content] = EvidenceFiles(f"{path.parent}/*.evidence").all()
    return content


def test_it_is_read_as_it_was_kept(path: Path) -> None:
    """Under the host that the series have; without the totals by topic, which are series."""
    evidence = keeper(path)
    evidence.take(harvest("a", NOW - 900, "1", NOW - 10, NOW), NOW)
    evidence.save(NOW)
    [reply] = written(path).replies
    assert (reply.origin.host, reply.origin.service, reply.about) == (PLACE, "hub", about("1"))
    assert [stored for _, stored in reply.samples] == [
        replace(sample(at), topics={}) for at in (NOW - 10, NOW)
    ]


def test_a_new_run_is_a_change(path: Path) -> None:
    """With the versions that differ; also when collectd itself was restarted in between."""
    evidence = keeper(path)
    for version, started in (("1", NOW - 900), ("1", NOW - 600)):
        evidence.take(harvest(f"{started}", started, version), NOW - 500)
    evidence.save(NOW - 500)
    restarted = keeper(path)
    restarted.load(path)
    restarted.take(harvest("c", NOW - 40, "2"), NOW)
    restarted.take(harvest("c", NOW - 40, "2"), NOW)
    restarted.save(NOW)
    [changes] = written(path).changes.values()
    assert [(change.time, change.kind, change.text) for change in changes] == [
        (NOW - 600, "restart", "restart"), (NOW - 40, "version", "nommer 1 → 2")]  # fmt: skip
    assert changes_of([f"{PLACE}.example"], [written(path)]) == {"hub": changes}
    assert changes_of(["another"], [written(path)]) == {}


def test_samples_are_thinned_with_their_age(path: Path) -> None:
    """An hour of samples every 10 s: all of the last minutes, then one a minute, then fewer."""
    evidence = keeper(path)
    moments = [NOW - 4000 + 10 * number for number in range(401)]
    for at in moments:
        evidence.take(harvest("a", 1.0, "1", at), at)
        evidence.save(at)
    # What came since the last writing is not in the file yet.
    evidence.save(NOW + WRITE_SECONDS)
    [reply] = written(path).replies
    times = [stored.time for _, stored in reply.samples]
    assert times == sorted(set(times))
    assert 3000 <= NOW - times[0] <= 3600
    assert times[-1] == NOW
    assert len(times) <= sum(limit / (gap or 10) for limit, gap in THINNED) + 1
    assert len([at for at in times if at >= NOW - 80]) == 9


def test_a_daemon_that_restarts_for_ever(path: Path) -> None:
    evidence = keeper(path)
    for number in range(300):
        evidence.take(harvest(f"run{number}", NOW + number, "1"), NOW + number)
    evidence.save(NOW + 300)
    [changes] = written(path).changes.values()
    assert len(changes) == MAX_OF_DAEMON
    assert changes[-1].time == NOW + 299


def test_who_leaves_no_changes(path: Path) -> None:
    """A process that is older than the one followed."""
    evidence = keeper(path)
    evidence.take(harvest("new", NOW, "1"), NOW)
    evidence.take(harvest("old", NOW - 50, "0", NOW), NOW)
    evidence.save(NOW)
    content = written(path)
    assert content.changes == {}
    assert [reply.origin.run for reply in content.replies] == ["new"]


def test_of_replicas_the_one_that_started_last_is_followed(path: Path) -> None:
    """Under the name that they share; a process that starts is no change of the others."""
    evidence = keeper(path)
    for number in (1, 2, 0):
        brought = harvest(f"r{number}", NOW + number, f"{number}", NOW, names=f"Archiver#{number}")
        [(endpoint, origin, samples)] = brought.fresh
        samples = [replace(each, consumer=f"Archiver#{number}") for each in samples]
        evidence.take(replace(brought, fresh=[(endpoint, origin, samples)]), NOW)
    evidence.save(NOW)
    content = written(path)
    assert content.changes == {}
    [reply] = content.replies
    assert (reply.origin.run, [each.consumer for _, each in reply.samples]) == ("r2", ["Archiver"])


@pytest.mark.parametrize("content", [
    b"", b"x" * 100, b"x\x9c", pytest.param(b"\0" * ((16 << 20) + 1), id="too-long"),
])  # fmt: skip
def test_a_file_that_is_none(path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It gives nothing, is named once, and is replaced."""
    path.write_bytes(content)
    files = EvidenceFiles(f"{path.parent}/*.evidence")
    assert files.all() == files.all() == []
    assert len(caplog.records) == 1
    with pytest.raises((ValueError, OSError)):
        keeper(path).load(path)
    evidence = keeper(path)
    evidence.take(harvest("a", NOW, "1", NOW), NOW)
    evidence.save(NOW)
    assert len(written(path).replies) == 1


def test_a_pipe_in_place_of_the_file(path: Path) -> None:
    """collectd does not wait for its other end."""
    os.mkfifo(path)
    with pytest.raises(OSError, match="no regular file"):
        keeper(path).load(path)


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    evidence = keeper(None)
    evidence.take(harvest("a", NOW, "1", NOW), NOW)
    evidence.save(NOW)
    assert evidence.changes == {}
    assert list(tmp_path.iterdir()) == []
    assert EvidenceFiles("").all() == []
