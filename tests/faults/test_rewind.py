"""``collectd-fedmsg rewind``: after a clock was set back, series continue and keep their past."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from collectd_fedmsg import rrdcached
from collectd_fedmsg.cli import main
from collectd_fedmsg.commands.rewind_dump import rewound
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.rrdcached import Rrdcached
from examples.chain import Chain
from examples.processes import wait_for
from tests.conftest import Figure
from tests.integration.test_back_fill import fetch

rrdtool = pytest.importorskip("rrdtool")
HOUR, STEP = 3600, 10
SERIES = "fedmsg-d/derive-C_received"


def fetched(path: Path, start: int, end: int, step: int, kind: str) -> dict[int, float]:
    (first, _, width), _, rows = rrdtool.fetch(
        str(path), kind, "-r", str(step), "-s", str(start), "-e", str(end)
    )
    return {
        first + width * (n + 1): row[0]
        for n, row in enumerate(rows)
        if row[0] is not None and first + width * (n + 1) <= end
    }


@pytest.fixture
def ahead(tmp_path: Path) -> tuple[Path, int]:
    """Return a file whose newest sample is an hour ahead, and now."""
    path = tmp_path / "host" / "fedmsg-d" / "derive-C_received.rrd"
    path.parent.mkdir(parents=True)
    now = int(time.time())
    begin = now - 2 * HOUR
    rrdtool.create(
        str(path),
        "--start",
        str(begin - 1),
        "--step",
        str(STEP),
        "DS:value:DERIVE:3600:0:U",
        "RRA:AVERAGE:0.1:1:1200",
        "RRA:AVERAGE:0.1:6:300",
        "RRA:MAX:0.1:60:50",
        "RRA:MIN:0.1:360:4",
    )
    rrdtool.update(
        str(path), *(f"{at}:{(at - begin) ** 2 // 1000}" for at in range(begin, now + HOUR, STEP))
    )
    return path, now


def test_the_past_stays_and_new_samples_are_stored(ahead: tuple[Path, int], tmp_path: Path) -> None:
    """Each archive has what it had until now, nothing later, and takes what is measured now."""
    path, now = ahead
    untouched = path.with_name("derive-C_processed.rrd")
    rrdtool.create(str(untouched), "--step", "10", "DS:value:DERIVE:60:0:U", "RRA:AVERAGE:0.1:1:10")
    before = untouched.read_bytes()
    kinds = ((STEP, "AVERAGE"), (60, "AVERAGE"), (600, "MAX"), (3600, "MIN"))
    known = [
        fetched(path, now - 2 * HOUR, now // width * width, width, kind) for width, kind in kinds
    ]
    with pytest.raises(rrdtool.OperationalError, match="illegal attempt to update"):
        rrdtool.update(str(path), f"{now + 5}:1")
    assert main(["rewind", str(tmp_path), "--dry-run"]) == 0
    assert rrdtool.last(str(path)) > now
    assert main(["rewind", str(tmp_path)]) == 0
    assert now <= rrdtool.last(str(path)) <= time.time()
    for (width, kind), past in zip(kinds, known):
        assert len(past) > 0
        remaining = fetched(path, now - 2 * HOUR, now // width * width, width, kind)
        # rrdtool's dump has eleven digits.
        assert remaining == pytest.approx(past, rel=1e-9), (width, kind)
        assert not fetched(path, now + 60, now + 2 * HOUR, width, kind)
    rrdtool.update(str(path), *(f"{now + at}:{5 * at}" for at in range(60, 660, STEP)))
    rates = fetched(path, now + 30, now + 650, STEP, "AVERAGE")
    assert len(rates) > 50
    assert set(rates.values()) == {5.0}, "no spike, nothing negative"
    assert untouched.read_bytes() == before, "what is not ahead is left alone"
    assert sorted(file.name for file in path.parent.iterdir()) == [untouched.name, path.name]


@pytest.mark.parametrize(
    "dump",
    [
        pytest.param("", id="empty"),
        pytest.param("<rrd/>", id="no-rrd"),
        pytest.param("<rrd><step>10</step><lastupdate>5</lastupdate></rrd>", id="not-ahead"),
    ],
)
def test_what_cannot_be_rewound(dump: str) -> None:
    with pytest.raises(ValueError, match=r"dump|before"):
        rewound(dump, 100)


def test_a_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are rewound all the same; the exit code tells."""
    path = tmp_path / "host" / "fedmsg-d" / "bad.rrd"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    assert main(["rewind", str(tmp_path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == "x"


@pytest.mark.soak
def test_with_collectd_and_rrdcached(short_folder: Path, figure: Figure) -> None:
    """An hour ahead, collectd is stuck and says so; rewound and started, it stores again."""
    chain, total = Chain(short_folder, [], interval=1), [0]
    rrd, state = short_folder / "rrd", short_folder / "cursors.json"
    cache = f"unix:{short_folder}/rrdcached.sock"
    log = short_folder / "logs/collectd.log"

    def take(at: float) -> list[Sample]:
        total[0] += 7
        return [Sample("C", at, total[0], total[0], 0, 0)]

    def newest() -> float:
        link = Rrdcached(cache)
        link.look(5)
        request = f"LAST {rrd}/localhost/{SERIES}.rrd\n".encode()
        (answer,) = link._ask([request], time.monotonic() + 5)
        link.close()
        return rrdcached._last(answer) or 0.0

    def is_stored() -> bool:
        chain.processes.check()
        return began[0] < newest() <= time.time()

    responder = Responder(Settings("d", chain.run_folder, interval=1), take)
    responder.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        began = [time.time()]
        wait_for("it is stored", is_stored, 60)
        chain.processes.stop("collectd")
        now = int(time.time())
        link = Rrdcached(cache)
        link.look(5)
        files = [file.relative_to(rrd) for file in rrd.rglob("fedmsg-d/*.rrd")]
        pairs = " ".join(f"{now + at}:{7 * at}" for at in range(10, HOUR, 40))
        for file in files:
            link._ask([f"UPDATE {rrd}/{file} {pairs}\n".encode()], time.monotonic() + 30)
        link.close()
        raw = json.loads(state.read_text())
        raw["times"] = {key: at + HOUR for key, at in raw["times"].items()}
        state.write_text(json.dumps(raw))
        chain.start_collectd()
        wait_for("it says so", lambda: "its clock was set back" in log.read_text(), 60)
        chain.processes.stop("collectd")
        assert newest() > time.time() + HOUR - 600
        assert main(["rewind", str(rrd), "--rrdcached", cache, "--state-file", str(state)]) == 0
        # What its journal still has must not bring the future back.
        chain.processes.stop("rrdcached")
        chain.start_rrdcached()
        began[0] = time.time()
        chain.start_collectd()
        wait_for("it goes on", lambda: newest() > began[0] + 4, 60)
        rates = fetch(short_folder, "", int(began[0]) + 1, int(began[0]) + 4, SERIES)
        assert [rate for _, rate in rates] == [7, 7, 7], "known, and no spike"
    finally:
        responder.stop()
        chain.processes.stop_all()
    figure(
        "clock set back by 1 h, then collectd-fedmsg rewind",
        f"{len(files)} series go on, from the second after the command",
    )


def ahead_at(path: Path, now: int) -> None:
    """Write an RRD whose newest sample is ten minutes ahead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rrdtool.create(
        str(path),
        "--start",
        str(now - 60),
        "--step",
        "10",
        "DS:value:GAUGE:20:0:U",
        "RRA:AVERAGE:0.5:1:100",
    )
    rrdtool.update(str(path), f"{now + 600}:1")


@pytest.mark.parametrize("trap", ["file", "folder", "host"])
def test_links_in_the_data_folder_are_not_followed(
    tmp_path: Path, trap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder's owner could plant them: their targets stay unchanged, and each is named."""
    now, data = int(time.time()), tmp_path / "rrd"
    victim = tmp_path / "other" / "fedmsg-hub" / "gauge-C_backlog.rrd"
    ahead_at(victim, now)
    ahead_at(data / "good" / "fedmsg-hub" / "gauge-C_backlog.rrd", now)
    before = victim.read_bytes()
    if trap == "host":
        (data / "h").symlink_to(victim.parents[1])
    elif trap == "folder":
        (data / "h").mkdir()
        (data / "h/fedmsg-hub").symlink_to(victim.parent)
    else:
        (data / "h/fedmsg-hub").mkdir(parents=True)
        (data / "h/fedmsg-hub" / victim.name).symlink_to(victim)
    assert main(["rewind", str(data)]) == 1
    output = capsys.readouterr()
    assert "1 files rewound" in output.out
    assert f"{data}/h/fedmsg-hub/{victim.name}: " in output.err
    assert victim.read_bytes() == before


@pytest.mark.parametrize("trap", ["file", "folder"])
def test_links_in_the_folder_of_copies_are_not_followed(tmp_path: Path, trap: str) -> None:
    """Where it is below a folder of collectd's own user, that user could plant them."""
    path, now = tmp_path / "rrd/h/fedmsg-hub/gauge-C_backlog.rrd", int(time.time())
    ahead_at(path, now)
    before = path.read_bytes()
    victim = tmp_path / "other" / path.name
    victim.parent.mkdir()
    victim.write_text("precious")
    inner = tmp_path / "copies/h/fedmsg-hub"
    if trap == "file":
        inner.mkdir(parents=True)
        (inner / path.name).symlink_to(victim)
    else:
        inner.parent.mkdir(parents=True)
        inner.symlink_to(victim.parent)
    code = main(["rewind", str(tmp_path / "rrd"), "--backup", str(tmp_path / "copies")])
    assert victim.read_text() == "precious"
    if trap == "file":
        assert code == 0
        assert (inner / path.name).read_bytes() == before
    else:
        assert code == 1
        assert path.read_bytes() == before


def test_only_the_hosts_that_are_named_are_touched(tmp_path: Path) -> None:
    """A whole name: neither another domain's, nor one that begins the same."""
    now = int(time.time())
    names = ("app01.a.example", "app01.b.example", "app01", "app010.a.example")
    paths = {name: tmp_path / name / "fedmsg-hub" / "gauge-C_backlog.rrd" for name in names}
    for path in paths.values():
        ahead_at(path, now)
    assert main(["rewind", str(tmp_path), "--host", "app01.a.example"]) == 0
    assert {name for name, path in paths.items() if rrdtool.last(str(path)) <= time.time()} == {
        "app01.a.example"
    }
    assert main(["rewind", str(tmp_path), "--host", "app02"]) == 1
    assert main(["rewind", str(tmp_path)]) == 0
    assert all(rrdtool.last(str(path)) <= time.time() for path in paths.values())


@pytest.mark.parametrize("name", ["nowhere", "a", "a/b", "loop"])
def test_a_folder_that_is_not_there_fails(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_text("a file")
    (tmp_path / "loop").symlink_to("loop")
    for arguments in (
        ["rewind", f"{tmp_path}/{name}"],
        ["forget", f"{tmp_path}/{name}", "--host", "h"],
    ):
        assert main(arguments) == 1
        assert f"{tmp_path}/{name}: " in capsys.readouterr().err


def test_the_environment_s_rrdcached_and_language_are_not_ours(
    ahead: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where RRDCACHED_ADDRESS names one that is away, files are read and written all the same."""
    path, now = ahead
    with monkeypatch.context() as changed:
        changed.setenv("RRDCACHED_ADDRESS", "unix:/nowhere/rrdcached.sock")
        changed.setenv("LC_ALL", "de_DE.UTF-8")
        assert main(["rewind", str(tmp_path)]) == 0
    assert now <= rrdtool.last(str(path)) <= time.time()
