"""The benchmark's store in memory holds and answers what real RRD files do."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import rrdtool
from collectd_fedmsg_dashboard.judge.judge import Judge
from collectd_fedmsg_dashboard.store.rrd import RRDStore
from collectd_fedmsg_dashboard.store.series import Window

from benchmarks.diagnosis.episodes import Part, Traffic, single
from benchmarks.diagnosis.evaluate import stored
from benchmarks.diagnosis.queue import simulate
from collectd_fedmsg.metrics import BY_NAME, PLUGIN, Kind

STEP = 10
HOUR = 3600


def _text(value, *, integer):
    if value is None:
        return "U"
    return str(round(value)) if integer else str(value)


@pytest.fixture(
    scope="module",
    params=[pytest.param(0.0, id="on-the-grid"), pytest.param(3.7, id="off-the-grid")],
)
def stores(request, tmp_path_factory):
    """Return a young daemon's episode, its store in memory and its store of files."""
    episode_drawn = single("slow")(3)
    parts = (
        Part(0.0),
        Part(episode_drawn.start + 1200, service=6.0),
        Part(episode_drawn.start + 1800),
    )
    episode = replace(
        episode_drawn,
        known=0.0,
        step=STEP,
        phase=request.param,
        end=episode_drawn.start + 3000,
        traffic=Traffic(2.0, 0.4, 2, parts),
        lost=((0.3, 2), (0.5, 40)),
    )
    memory, _, _ = stored(episode)
    samples = simulate(
        episode.traffic, episode.start + episode.phase, episode.end, STEP, episode.seed + 1
    )
    count = len(samples.times)
    lost = {int(share * count) + k for share, count_lost in episode.lost for k in range(count_lost)}
    root = tmp_path_factory.mktemp("rrd")
    folder = root / "host" / f"{PLUGIN}-hub"
    folder.mkdir(parents=True)
    for columns in (samples.totals, samples.levels):
        for name, values in columns.items():
            metric = BY_NAME[name]
            path = str(folder / f"{metric.collectd_type}-Archiver_{name}.rrd")
            rrdtool.create(
                path,
                "-s",
                str(STEP),
                "-b",
                str(int(episode.start) - STEP),
                f"DS:value:{metric.kind.name}:{2 * STEP}:0:U",
                *[
                    f"RRA:{cf}:0.5:{row}:3000"
                    for row in (1, 360)
                    for cf in ("AVERAGE", "MIN", "MAX")
                ],
            )
            rrdtool.update(
                path,
                *[
                    f"{time:.3f}:{_text(value, integer=metric.kind is Kind.DERIVE)}"
                    for k, (time, value) in enumerate(zip(samples.times, values))
                    if k not in lost
                ],
            )
    return episode, memory, RRDStore(root)


@pytest.mark.parametrize("metric", ["received", "processed", "busy", "backlog", "oldest"])
def test_a_series_is_the_file_s(stores, metric):
    """Step by step; a total is an integer in a file of DERIVE, hence the tolerance.

    The step after a gap is a tenth off: RRD counts its unknown part in whole seconds.
    """
    episode, memory, files = stores
    (daemon,) = files.daemons().values()
    start, end = int(episode.start) + 60, int(episode.end) - 60
    from_memory = memory.fetch(memory.daemon.files[metric], "AVERAGE", start, end, 1)
    from_files = files.fetch(daemon.files[metric], "AVERAGE", start, end, 1)
    window = Window(start, end, STEP)
    pairs = [
        (
            from_memory.points[(t - from_memory.start) // STEP],
            from_files.points[(t - from_files.start) // STEP],
        )
        for t in range(window.start // STEP * STEP + STEP, window.end - STEP, STEP)
    ]
    assert sum(a is None for a, _ in pairs) == pytest.approx(
        sum(b is None for _, b in pairs), abs=2
    )
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    assert len(known) > 150
    off = [pair for pair in known if pair[0] != pytest.approx(pair[1], rel=1e-3, abs=0.11)]
    assert len(off) <= 2 * len(episode.lost)
    assert all(a == pytest.approx(b, rel=0.12) for a, b in off)


def test_a_verdict_is_that_of_the_files(stores):
    """The same moments, judged from memory and from real files."""
    episode, memory, files = stores
    (daemon,) = files.daemons().values()
    for now in range(int(episode.start) + 300, int(episode.end) - 60, 150):
        verdicts = [
            Judge(store).look_now(each, now).judged.diagnosis.verdict.name
            for store, each in ((memory, memory.daemon), (files, daemon))
        ]
        assert verdicts[0] == verdicts[1], now - episode.start
