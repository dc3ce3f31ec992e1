"""The how-tos followed to the letter: an unmodified hub, and one that is asked over TCP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg import toml_file
from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from examples import collectd_conf
from examples.chain import ROOT, Chain
from examples.processes import free_port, wait_for
from tests.conftest import new_short_folder
from tests.documented import block

from .bus import OBEDIENT, Bus

SCRIPTS = Path(sys.executable).parent
SAID = "tcp://192.0.2.7:9941"
#: The first is the unmodified one; the other has the name that the page gives its address.
DAEMONS = ("here/hub/Obedient", "app01.example.org/hub/Obedient")
FAILURES = 7
OUTPUT = """\
LoadPlugin rrdtool
<Plugin rrdtool>
  CacheTimeout 0
  HeartBeat 3600
  RRARows 2400
</Plugin>
"""


def inline(page: str, pattern: str) -> str:
    """Return the one text between doubled backquotes of a page that the pattern fits."""
    text = (ROOT / "docs" / f"{page}.rst").read_text("utf-8")
    (quoted,) = re.findall(rf"``({pattern})``", text)
    return str(quoted)


def start_hub(bus: Bus, name: str, switches: dict[str, object], page: str) -> None:
    """Start a hub by fedmsg.d alone: the bus in one file, what the page says in another."""
    folder = bus.chain.folder / name / "fedmsg.d"
    folder.mkdir(parents=True)
    base = {
        key: value
        for key, value in bus.chain.bus_config(name).items()
        if not key.startswith("collectd_fedmsg.") and key != "moksha.monitoring.socket"
    }
    (folder / "base.py").write_text(f"config = { ({**base, **switches})!r}\n")
    (folder / "page.py").write_text(page)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    bus.chain.processes.start(
        name, [str(SCRIPTS / "fedmsg-hub"), "--with-consumers", OBEDIENT], env, folder.parent
    )


@pytest.mark.timeout(240)
def test_old_hosts_and_tcp(short_folder: Path) -> None:
    """Every block of the two pages, as printed but for paths and ports, in one real collectd."""
    folder, address = short_folder, f"tcp://127.0.0.1:{free_port()}"
    command = inline("howto-tcp", "collectd-fedmsg keys [^`]+").split()
    keys = folder / "keys"
    subprocess.run([SCRIPTS / command[0], command[1], keys], check=True, timeout=60)
    monitor = f"{folder}/monitoring.socket"
    documented = "/var/run/fedmsg/monitoring-fedmsg-hub.socket"
    with Bus(folder) as bus:
        start_hub(
            bus,
            "old",
            {"obedient.enabled": True},
            block("howto-old-hosts", "config = {", {documented: monitor}),
        )
        start_hub(
            bus,
            "far",
            {"obedient.enabled": True, "collectd_fedmsg.interval": 1},
            block(
                "howto-tcp",
                "config = {",
                {SAID: address, "/etc/fedmsg-health/daemon": str(keys / "daemon")},
            ),
        )
        conf = snippets.collectd_block(
            str(folder / "health"),
            str(folder / "cursors"),
            1,
            [str(ROOT), sysconfig.get_path("platlib")],
        )
        own_block = block("howto-old-hosts", "MokshaSocket", {documented: monitor}) + block(
            "howto-tcp",
            "Endpoints",
            {
                SAID: address,
                "/run/fedmsg-health": str(folder / "health"),
                "/etc/fedmsg-health/reader": str(keys / "reader"),
            },
        )
        conf = re.sub(" +Endpoints .*\n", lambda _: own_block, conf)
        path, log = folder / "collectd.conf", folder / "collectd.log"
        (folder / "rrd").mkdir(exist_ok=True)
        path.write_text(
            collectd_conf.head("here", folder / "rrd", folder / "pid", log, 1) + OUTPUT + conf
        )
        bus.chain.processes.start(
            "collectd", ["/usr/sbin/collectd", "-f", "-C", str(path)], os.environ, folder
        )
        began = int(time.time())
        page = create_app({"data_dir": str(folder / "rrd"), "interval": 1}).test_client()

        def rates(daemon: str, metric: str) -> list[float]:
            """Return the known rates of this test's lifetime, per second."""
            bus.chain.processes.check()
            answer = page.get(
                f"/api/v1/series?daemon={daemon}&metrics={metric}&step=1"
                f"&start={began}&end={int(time.time()) + 1}"
            ).get_json()
            rows = answer.get("daemons") or [{"series": {metric: []}}]
            return [rate for rate in rows[0]["series"][metric] if rate is not None]

        def counts() -> bool:
            """Publish until both receive, and a first total of failures is stored of both."""
            bus.publish()
            return all(
                sum(rates(daemon, "received")) and rates(daemon, "failed") for daemon in DAEMONS
            )

        wait_for("both are stored", counts, 90)
        bus.publish(FAILURES, fail=True)
        for daemon in DAEMONS:
            wait_for(
                f"{daemon}'s failures are stored",
                lambda service=daemon: sum(rates(service, "failed")) == pytest.approx(FAILURES),
                60,
            )
        rows = page.get("/api/v1/daemons").get_json()["daemons"]
    known = {row["id"] for row in rows}
    assert known == set(DAEMONS), "the daemon's own name of its host counts for nothing"


def test_old_backlogs_continue(tmp_path: Path) -> None:
    """After the command of the page a late sample fills its gap in a file of 2014."""
    rrdtool = pytest.importorskip("rrdtool")
    file = tmp_path / "here/fedmsg-hub/queue_length-Archiver_backlog.rrd"
    file.parent.mkdir(parents=True)
    now = int(time.time()) // 60 * 60
    rrdtool.create(
        str(file),
        "-s",
        "5",
        "-b",
        str(now - 605),
        "DS:value:GAUGE:10:0:U",
        "RRA:AVERAGE:0.1:1:1200",
    )
    rrdtool.update(str(file), f"{now - 600}:7")
    subprocess.run(
        ["sh", "-ec", block("howto-migrating", "find ", {"/var/lib/collectd/rrd": str(tmp_path)})],
        check=True,
        timeout=60,
    )
    rrdtool.update(str(file), f"{now}:9")
    _, _, rows = rrdtool.fetch(str(file), "AVERAGE", "-s", str(now - 600), "-e", str(now - 5))
    assert {value for (value,) in rows} == {9.0}


@pytest.mark.timeout(120)
def test_with_rrdcached() -> None:
    """The page's lines, real rrdcached and collectd: stored, shown, and all is ok to the doctor."""
    # Short, and without a dot: collectd's plugin refuses other paths.
    with new_short_folder() as folder:
        (folder / "rrd").mkdir()
        replacements = {
            "/run/rrdcached.sock": f"{folder}/r.sock",
            "/var/lib/collectd/rrd": f"{folder}/rrd",
        }
        chain = Chain(folder, [], interval=1)
        counted = [0]

        def take(at: float) -> list[Sample]:
            counted[0] += 5
            return [Sample("C", at, counted[0], counted[0], 0, 0)]

        responder = Responder(Settings("hub", chain.run_folder, interval=1), take)
        responder.start()
        conf = (
            collectd_conf.head("here", folder, folder / "pid", folder / "log", 1).replace(
                "WriteThreads 1\n", ""
            )
            + block("howto-rrdcached", "WriteThreads 1", replacements)
            + snippets.collectd_block(
                str(chain.run_folder),
                f"{folder}/cursors",
                1,
                [str(ROOT), sysconfig.get_path("platlib")],
            ).replace(
                "  </Module>", block("howto-rrdcached", "Rrdcached", replacements) + "  </Module>"
            )
        )
        (folder / "collectd.conf").write_text(conf)
        (folder / "page.toml").write_text(block("howto-rrdcached", "data_dir =", replacements))
        try:
            chain.processes.start(
                "rrdcached",
                [
                    "/usr/bin/rrdcached",
                    "-g",
                    "-b",
                    f"{folder}/rrd",
                    "-B",
                    "-w",
                    "300",
                    "-z",
                    "300",
                    "-p",
                    f"{folder}/r.pid",
                    "-l",
                    f"unix:{folder}/r.sock",
                ],
                os.environ,
                folder,
            )
            wait_for("rrdcached is there", (folder / "r.sock").exists)
            chain.processes.start(
                "collectd",
                ["/usr/sbin/collectd", "-f", "-C", f"{folder}/collectd.conf"],
                os.environ,
                folder,
            )
            page = create_app(toml_file.read(folder / "page.toml")).test_client()

            def is_shown() -> bool:
                chain.processes.check()
                rows = page.get("/api/v1/daemons").get_json().get("daemons", ())
                return any(row["id"] == "here/hub/C" and row["last_sample"] for row in rows)

            wait_for("the page shows it", is_shown, 60)
            command = [SCRIPTS / "collectd-fedmsg", "doctor", "--timeout", "60"]
            command += ["--run-folder", str(chain.run_folder), "--state", f"{folder}/none"]
            command += ["--collectd-conf", f"{folder}/collectd.conf", "--data-dir", f"{folder}/rrd"]
            command += ["--rrdcached", f"unix:{folder}/r.sock"]

            def healthy() -> bool:
                """Samples are a second apart here: on a busy machine one may be late."""
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=120, check=False
                )
                print(done.stdout)
                good = ("ok    hub: C is stored", "ok    rrdcached answers")
                return all(line in done.stdout for line in good) and "FAIL  hub" not in done.stdout

            wait_for("all is ok to the doctor", healthy)
        finally:
            responder.stop()
            chain.processes.stop_all()
