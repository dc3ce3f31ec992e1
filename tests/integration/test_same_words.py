"""One daemon's samples through every way to a verdict: ring, collectd, files, page, commands.

A surge, its drain and a slow database of a daemon that began an hour ago, so that no way
has more of it than another: the same moment gives the same verdict everywhere.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import collectd_fedmsg_dashboard
import rrdtool
from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.judge import inside

from benchmarks.diagnosis.queue import simulate
from benchmarks.diagnosis.traffic import Part, Traffic
from collectd_fedmsg import cli
from collectd_fedmsg.alerts.explain import foreseen
from collectd_fedmsg.collector.evidence_keeper import EvidenceKeeper
from collectd_fedmsg.collector.live_evidence import explained
from collectd_fedmsg.collector.live_series import Live
from collectd_fedmsg.commands.paging import observations
from collectd_fedmsg.commands.stored_series import open_stored
from collectd_fedmsg.diagnosis import build_history
from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.metrics import BY_NAME, PLUGIN
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.about import About, Release
from collectd_fedmsg.protocol.evidence import StackTime
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Harvest
from collectd_fedmsg.reader.evidence_files import EvidenceFiles

STEP, HOST, CONSUMER = 10, "h1", "Archiver"
START = 1_700_000_000 // 3600 * 3600
#: Ten minutes of calm; 3 minutes of five times the arrivals; calm; each message takes ten times
#: as long, for four minutes.
SURGE, OVER, SLOW, END = START + 600, START + 780, START + 1380, START + 1620
SPAN = END - START


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let the page read all weeks at once, as commands do, however long a busy machine takes."""
    monkeypatch.setattr(collectd_fedmsg_dashboard, "BUDGET", None)


@dataclass
class Recording:
    """The samples, and the folder of files with them."""

    samples: list[Sample]
    root: object


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("rrd"), START)


def recorded(root, start):
    """Write one daemon's samples as RRD files, from ``start`` (epoch seconds) on."""
    later = start - START
    parts = (Part(0.0), Part(SURGE + later, rate=5.0), Part(OVER + later),
             Part(SLOW + later, service=10.0))  # fmt: skip
    traffic = Traffic(rate=8.0, service=0.1, workers=2, parts=parts)
    simulated = simulate(traffic, start, start + SPAN, STEP, 5)
    samples = []
    for k, at in enumerate(simulated.times):
        totals = {name: int(column[k]) for name, column in simulated.totals.items()}
        levels = {name: column[k] for name, column in simulated.levels.items()}
        backlog, busy = int(levels.pop("backlog")), int(levels.pop("in_progress"))
        samples.append(
            Sample(
                CONSUMER,
                at,
                waiting=backlog - busy,
                in_progress=busy,
                workers=int(levels.pop("workers")),
                **totals,
                **levels,
            )
        )
    folder = root / HOST / f"{PLUGIN}-hub"
    folder.mkdir(parents=True)
    for metric in BY_NAME.values():
        values = [(s.time, getattr(s, metric.name, None)) for s in samples]
        if all(value is None for _, value in values):
            continue
        path = folder / f"{metric.collectd_type}-{CONSUMER}_{metric.name}.rrd"
        rrdtool.create(
            str(path),
            "-s",
            str(STEP),
            "-b",
            str(start - STEP),
            f"DS:value:{metric.kind.name}:600:0:U",
            *[f"RRA:{cf}:0.5:1:2000" for cf in ("AVERAGE", "MIN", "MAX")],
        )
        rrdtool.update(str(path), *[f"{int(t)}:{'U' if v is None else v}" for t, v in values])
    return Recording(samples, root)


MOMENTS = [
    pytest.param(at, right, id=name)
    for name, at, right in (
        ("calm", SURGE - 60, {"OK"}),
        ("surge", SURGE + 120, {"SURGE"}),
        ("surge-at-its-end", OVER, {"SURGE"}),
        ("drain", OVER + 100, {"RECOVERING"}),
        ("caught-up", SLOW - 30, {"OK", "RECOVERING"}),
        ("slow", SLOW + 120, {"SLOW"}),
        ("slow-for-longer", END, {"SLOW"}),
    )
]


def ring(recording, now):
    """Return what ``diagnose`` and ``top`` say of a daemon that answers."""
    samples = [sample for sample in recording.samples if sample.time <= now]
    return judge(build_history.history(samples, STEP), now).verdict.name


def inside_collectd(recording, now):
    """Return what the alerts inside collectd judge by."""
    (judged,) = in_collectd(recording, now).daemons
    return judged.diagnosis.verdict.name


def in_collectd(recording, now):
    live = Live()
    for sample in recording.samples:
        if sample.time > now:
            break
        for metric in BY_NAME.values():
            value = getattr(sample, metric.name, None)
            if value is not None:
                live.take(
                    HOST,
                    (PLUGIN, "hub"),
                    (metric.collectd_type, f"{CONSUMER}_{metric.name}"),
                    at=sample.time,
                    interval=STEP,
                    value=value,
                )
    return live.judgement(now)


def stored(recording, now):
    """Return what ``alerts run`` judges by."""
    judgement = open_stored({"data_dir": recording.root}).judgement(now)
    (observation,) = [
        candidate for candidate in observations(judgement) if candidate.diagnosis is not None
    ]
    return observation.diagnosis.verdict.name


def page(recording, now):
    """Return what the page and the API say."""
    (row,) = create_app({"data_dir": recording.root}).extensions["fleet"].answer(now)["daemons"]
    return row["state"]


def backtest(recording, now):
    """Return what a replay says of the moment."""
    (judgement,) = open_stored({"data_dir": recording.root}).replay(now, now, 60)
    return judgement.daemons[0].diagnosis.verdict.name


WAYS = [ring, inside_collectd, stored, page, backtest]


@pytest.mark.parametrize(("now", "right"), MOMENTS)
def test_the_same_moment_has_the_same_verdict(recording, now, right, capsys):
    """Whoever judges it, and by which of the two kinds of numbers."""
    verdicts = {way.__name__: way(recording, now) for way in WAYS}
    cli.main(["diagnose", "--data-dir", str(recording.root), "--at", str(now), "--json"])
    verdicts["diagnose"] = json.loads(capsys.readouterr().out)["daemons"][0]["verdict"]
    assert len(set(verdicts.values())) == 1, verdicts
    assert set(verdicts.values()) <= right


def test_stored_series_give_the_same_sentences(recording, capsys):
    """Page, command and backtest do not only agree on the name."""
    now = OVER
    (row,) = create_app({"data_dir": recording.root}).extensions["fleet"].answer(now)["daemons"]
    cli.main(["diagnose", "--data-dir", str(recording.root), "--at", str(now), "--json"])
    (daemon,) = json.loads(capsys.readouterr().out)["daemons"]
    assert row["evidence"] == [x for finding in daemon["findings"] for x in finding["evidence"]]
    (judgement,) = open_stored({"data_dir": recording.root}).replay(now, now, 60)
    assert list(judgement.daemons[0].diagnosis.evidence) == row["evidence"]


def test_a_moment_before_a_daemon_began_does_not_count_it(recording):
    """What did not exist was not silent: neither replay nor page has it."""
    before = START - 7200
    assert not open_stored({"data_dir": recording.root}).judgement(before).daemons
    (judgement,) = open_stored({"data_dir": recording.root}).replay(before, before, 60)
    assert not judgement.daemons
    fleet = create_app({"data_dir": recording.root}).extensions["fleet"].answer(before)["fleet"]
    assert (fleet["daemons"], fleet["silent"]) == (0, 0)


def test_the_same_evidence_everywhere(tmp_path, monkeypatch):
    """The page, alerts and collectd's own alerts say where a slow daemon waits, and since when."""
    # However long a busy machine takes for what follows.
    monkeypatch.setattr(inside, "PRESENT_SECONDS", 3600.0)
    now = int(time.time()) // STEP * STEP
    root = tmp_path / "rrd"
    recording = recorded(root, now - SPAN)
    slow = now - (END - SLOW)
    recording.samples = [
        replace(sample, stacks=(StackTime("t", "a.b:Archiver.consume:9", "psycopg:execute",
                                          "waiting", sample.busy),))
        for sample in recording.samples
    ]  # fmt: skip
    keeper = EvidenceKeeper(tmp_path / "x.evidence", lambda _: HOST)
    for run, began, version in (("a", now - SPAN, "1.4.2"), ("b", slow - 40, "1.5.0")):
        origin = wire.Origin("hub", HOST, 7, run, began, STEP)
        about = About("3.11.2", (Release(CONSUMER, "nommer", version),), ())
        head = wire.Reply(origin, now, 1.0, 0, 0, False, (), about=about)
        keeper.take(Harvest(heads={"e": head}, fresh=[("e", origin, recording.samples)]), now)
    keeper.save(now)
    settings = {"data_dir": root, "evidence": f"{tmp_path}/*.evidence"}
    (row,) = create_app(settings).extensions["fleet"].answer(now)["daemons"]
    alerted = [
        observation
        for observation in observations(open_stored(settings).judgement(now))
        if observation.diagnosis
    ]
    reason = foreseen("backlog", alerted[0], None).why
    judgement = explained(
        in_collectd(recording, now), EvidenceFiles(settings["evidence"]).by_daemon()
    )
    collectd = judgement.daemons[0].diagnosis.findings[0].evidence
    for sentences in (row["evidence"], reason, collectd):
        sentence = next(line for line in sentences if "after nommer 1.4.2 → 1.5.0" in line)
        place = sentences[sentences.index(sentence) + 1]
        assert "100% of the added time is waiting in psycopg execute, called from" in place
    assert list(reason[1:3]) == row["evidence"][:2]
    assert row["text"] == "; ".join(row["evidence"][:2])
