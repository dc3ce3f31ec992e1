"""One daemon's samples through every way to a verdict: ring, collectd, files, page, commands.

A surge, its drain and a slow database of a daemon that began an hour ago, so that nobody knows
more of it than the others do: the same moment gives the same verdict everywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import rrdtool
from collectd_fedmsg_dashboard import create_app

from benchmarks.diagnosis.queue import simulate
from benchmarks.diagnosis.traffic import Part, Traffic
from collectd_fedmsg import cli
from collectd_fedmsg.collector.live_series import Live
from collectd_fedmsg.commands.backtest import observations
from collectd_fedmsg.commands.stored_series import open_stored
from collectd_fedmsg.diagnosis import build_history
from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.metrics import BY_NAME, PLUGIN
from collectd_fedmsg.protocol.sample import Sample

STEP, HOST, CONSUMER = 10, "h1", "Archiver"
START = 1_700_000_000 // 3600 * 3600
#: Ten minutes of calm; 3 minutes of five times the arrivals; calm; each message takes ten times
#: as long, for four minutes.
SURGE, OVER, SLOW, END = START + 600, START + 780, START + 1380, START + 1620
TRAFFIC = Traffic(
    rate=8.0,
    service=0.1,
    workers=2,
    parts=(Part(0.0), Part(SURGE, rate=5.0), Part(OVER), Part(SLOW, service=10.0)),
)


@dataclass
class Told:
    """The samples, and the folder of files with them."""

    samples: list[Sample]
    root: object


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Write one daemon's samples as RRD files."""
    found = simulate(TRAFFIC, START, END, STEP, 5)
    samples = []
    for k, time in enumerate(found.times):
        totals = {name: int(column[k]) for name, column in found.totals.items()}
        levels = {name: column[k] for name, column in found.levels.items()}
        backlog, busy = int(levels.pop("backlog")), int(levels.pop("in_progress"))
        samples.append(
            Sample(
                CONSUMER,
                time,
                waiting=backlog - busy,
                in_progress=busy,
                workers=int(levels.pop("workers")),
                **totals,
                **levels,
            )
        )
    root = tmp_path_factory.mktemp("rrd")
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
            str(START - STEP),
            f"DS:value:{metric.kind.name}:600:0:U",
            *[f"RRA:{cf}:0.5:1:2000" for cf in ("AVERAGE", "MIN", "MAX")],
        )
        rrdtool.update(str(path), *[f"{int(t)}:{'U' if v is None else v}" for t, v in values])
    return Told(samples, root)


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


def ring(told, now):
    """Return what ``diagnose`` and ``top`` say of a daemon that answers."""
    samples = [sample for sample in told.samples if sample.time <= now]
    return judge(build_history.history(samples, STEP), now).verdict.name


def inside_collectd(told, now):
    """Return what the alerts inside collectd judge by."""
    live = Live()
    for sample in told.samples:
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
    (judged,) = live.judgement(now).daemons
    return judged.diagnosis.verdict.name


def stored(told, now):
    """Return what ``alerts run`` judges by."""
    whole = open_stored({"data_dir": told.root}).judgement(now)
    (seen,) = [one for one in observations(whole) if one.diagnosis is not None]
    return seen.diagnosis.verdict.name


def page(told, now):
    """Return what the page and the API say."""
    (row,) = create_app({"data_dir": told.root}).extensions["fleet"].answer(now)["daemons"]
    return row["state"]


def backtest(told, now):
    """Return what a replay says of the moment."""
    (whole,) = open_stored({"data_dir": told.root}).replay(now, now, 60)
    return whole.daemons[0].diagnosis.verdict.name


WAYS = [ring, inside_collectd, stored, page, backtest]


@pytest.mark.parametrize(("now", "right"), MOMENTS)
def test_the_same_moment_has_the_same_verdict(told, now, right, capsys):
    """Whoever judges it, and by which of the two kinds of numbers."""
    said = {way.__name__: way(told, now) for way in WAYS}
    cli.main(["diagnose", "--data-dir", str(told.root), "--at", str(now), "--json"])
    said["diagnose"] = json.loads(capsys.readouterr().out)["daemons"][0]["verdict"]
    assert len(set(said.values())) == 1, said
    assert set(said.values()) <= right


def test_stored_series_give_the_same_sentences(told, capsys):
    """Page, command and backtest do not only agree on the name."""
    now = OVER
    (row,) = create_app({"data_dir": told.root}).extensions["fleet"].answer(now)["daemons"]
    cli.main(["diagnose", "--data-dir", str(told.root), "--at", str(now), "--json"])
    (daemon,) = json.loads(capsys.readouterr().out)["daemons"]
    assert row["evidence"] == [x for one in daemon["findings"] for x in one["evidence"]]
    (whole,) = open_stored({"data_dir": told.root}).replay(now, now, 60)
    assert list(whole.daemons[0].diagnosis.evidence) == row["evidence"]


def test_a_moment_before_a_daemon_began_does_not_count_it(told):
    """What did not exist was not silent: nothing is said of it, by replay or page."""
    before = START - 7200
    assert not open_stored({"data_dir": told.root}).judgement(before).daemons
    (whole,) = open_stored({"data_dir": told.root}).replay(before, before, 60)
    assert not whole.daemons
    fleet = create_app({"data_dir": told.root}).extensions["fleet"].answer(before)["fleet"]
    assert (fleet["daemons"], fleet["silent"]) == (0, 0)
