"""What systemd's timer starts after a clock was set: the unit's own line, on real files."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg import reader
from collectd_fedmsg.rrdcached import Rrdcached
from examples.chain import ROOT, Chain
from examples.processes import wait_for
from tests.conftest import Figure
from tests.faults.unit_line import run_unit
from tests.integration.test_back_fill import fetch

rrdtool = pytest.importorskip("rrdtool")
HOUR, HERE = 3600, socket.gethostname()
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
SERIES = "fedmsg-d/derive-C_received"
DAEMON = """
import sys, threading
from pathlib import Path
from collectd_fedmsg.responder import Responder
from collectd_fedmsg.sample import Sample
from collectd_fedmsg.settings import Settings
total = [0]
def take(at):
    total[0] += 7
    return [Sample("C", at, total[0], total[0], 0, 0)]
Responder(Settings("d", Path(sys.argv[1]), interval=1), take).start()
threading.Event().wait()
"""


def ahead_by(folder: Path, seconds: int, host: str = HERE) -> Path:
    """Return a file whose newest sample is so much ahead."""
    path = folder / "rrd" / host / "fedmsg-d" / "derive-C_received.rrd"
    path.parent.mkdir(parents=True)
    now = int(time.time())
    rrdtool.create(str(path), "--start", str(now - 100), "--step", "10",
                   "DS:value:DERIVE:3600:0:U", "RRA:AVERAGE:0.5:1:1000")
    rrdtool.update(str(path), f"{now - 50}:1", f"{now + seconds}:5")
    return path


REWOUND: tuple[int, list[str]] = (0, ["stop", "start"])


@pytest.mark.parametrize(("seconds", "host", "options", "expected"), [
    pytest.param(HOUR, HERE, "", REWOUND, id="an-hour"),
    pytest.param(HOUR, f"{HERE}.example.org", "", REWOUND, id="with-a-domain"),
    pytest.param(40, HERE, "", (0, []), id="a-tiny-step"),
    pytest.param(2 * 86_400, HERE, "", (1, []), id="two-days"),
    pytest.param(2 * 86_400, HERE, "--force", REWOUND, id="two-days-forced"),
    pytest.param(HOUR, "another", "", (0, []), id="another-host-s"),
])
def test_under_guards(
    tmp_path: Path, seconds: int, host: str, options: str, expected: tuple[int, list[str]]
) -> None:
    """Collectd is stopped only for what is rewound, and what is cut is kept."""
    path, came = ahead_by(tmp_path, seconds, host), []
    before = path.read_bytes()
    given = {"OPTIONS": f"--unsynchronised --steady 0 {options}",
             "DATA_DIR": str(tmp_path / "rrd")}
    ended, said = run_unit(tmp_path, given, came.append)
    assert (ended, came) == expected, said
    assert ("add --host NAME" in said) == (host == "another"), said
    if came:
        assert rrdtool.last(str(path)) <= time.time()
        (copy,) = (tmp_path / "copies").rglob("*.rrd")
        assert copy.read_bytes() == before
    else:
        assert path.read_bytes() == before


def test_collectd_is_started_though_it_fails(tmp_path: Path) -> None:
    """A file that cannot be rewound is named; the mark for the unit's ExecStopPost is gone."""
    path, came = ahead_by(tmp_path, HOUR), []
    path.with_suffix(".rewound").mkdir()
    given = {"OPTIONS": "--unsynchronised --steady 0", "DATA_DIR": str(tmp_path / "rrd")}
    ended, said = run_unit(tmp_path, given, came.append)
    assert (ended, came) == (1, ["stop", "start"])
    assert f"{path}: " in said
    assert not list((tmp_path / "run").iterdir())


def test_without_files_collectd_is_started_anew(tmp_path: Path) -> None:
    """It would read nothing for an hour, wherever it sends its values: the state file tells."""
    (tmp_path / "rrd").mkdir()
    state, came = tmp_path / "state.json", []
    state.write_text(json.dumps({"cursors": {}, "times": {"x": time.time() + HOUR}}))
    given = {"OPTIONS": f"--unsynchronised --steady 0 --state-file {state}",
             "DATA_DIR": str(tmp_path / "rrd")}
    assert run_unit(tmp_path, given, came.append)[0] == 0
    assert came == ["stop", "start"]
    assert json.loads(state.read_text())["times"]["x"] <= time.time()


def samples_since(at: float, folder: Path) -> int:
    found = reader.latest([f"{folder}/*.sock"], 2.0, time.time()).fresh
    return sum(at < one.time <= time.time() for _, _, samples in found for one in samples)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed: packaging/apt-test.txt")
def test_with_every_clock_set_back(short_folder: Path, figure: Figure) -> None:
    """Real collectd, rrdcached and daemon. An hour forth they go on by themselves; an hour back
    they stand still until the unit's line mends it. Each rate is as measured, none negative.
    """
    chain, clock = Chain(short_folder, [], interval=1), short_folder / "clock"
    clock.write_text("+0")
    chain._env.update(LD_PRELOAD=str(FAKETIME[0]), FAKETIME_TIMESTAMP_FILE=str(clock),
                      FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
    path = short_folder / "rrd/localhost" / f"{SERIES}.rrd"
    link = Rrdcached(f"unix:{short_folder}/rrdcached.sock")
    given = {"OPTIONS": "--unsynchronised --steady 2 --host localhost",
             "DATA_DIR": str(short_folder / "rrd")}

    def newest() -> float:
        chain.processes.check()
        return link.last(str(path), 30) or 0.0

    def obey(order: str) -> None:
        if order == "stop":
            chain.processes.stop("collectd")
        else:
            chain.start_collectd()

    chain.run_folder.mkdir()
    try:
        chain.processes.start("d", [sys.executable, "-c", DAEMON, str(chain.run_folder)],
                              chain._env, ROOT)
        chain.start_rrdcached()
        chain.start_collectd()
        began = time.time()
        wait_for("six seconds are stored", lambda: newest() > began + 6, 90)
        clock.write_text(f"+{HOUR}")
        forth = time.time() + HOUR
        wait_for("an hour later it goes on", lambda: newest() > forth + 6, 90)
        later = fetch(short_folder, "", int(forth) + 2, int(forth) + 6, SERIES)
        clock.write_text("+0")
        stepped = time.time()
        wait_for("the daemon goes on", lambda: samples_since(stepped, chain.run_folder) > 5, 60)
        stuck = newest()
        assert stuck > time.time() + HOUR - 120
        wait_for("and on", lambda: samples_since(stepped, chain.run_folder) > 9, 60)
        assert newest() == stuck, "collectd and RRD stand still"
        ended, said = run_unit(short_folder, given, obey)
        assert ended == 0, said
        again = time.time()
        wait_for("it goes on", lambda: again + 6 < newest() <= time.time(), 90)
        rates = fetch(short_folder, "", int(again) + 1, int(again) + 5, SERIES)
        pid = chain.processes.running["collectd"].pid
        ended, said = run_unit(short_folder, given, obey)
        assert (ended, "nothing to do" in said) == (0, True), said
        assert chain.processes.running["collectd"].pid == pid
        copies = list((short_folder / "copies").rglob("*.rrd"))
    finally:
        link.close()
        chain.processes.stop_all()
    for known in (later, rates):
        assert {rate for _, rate in known} == {7.0}, "known, no spike, nothing negative"
    assert rrdtool.last(str(copies[0])) > again + HOUR - 300
    figure("every clock set forth and back by 1 h, the unit's line after it",
           f"{len(copies)} series go on {again - stepped:.0f} s later by themselves")

