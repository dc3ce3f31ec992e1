"""One daemon, three stores fed by one collectd: RRD, Prometheus, VictoriaMetrics say the same."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.store.promql import Server

from collectd_fedmsg import cli
from examples.chain import ROOT
from examples.processes import free_port, wait_for
from tests.conftest import new_short_folder
from tests.documented import block

from . import collectds, engines
from .bus import Bus

STEP = 2
OUTPUTS = """\
LoadPlugin rrdcached
<Plugin rrdcached>
  DaemonAddress "unix:{folder}/rrdcached.sock"
  CreateFiles true
  CollectStatistics false
  HeartBeat 3600
  RRARows 2400
</Plugin>
"""
GRAFANA = json.loads((ROOT / "packaging/grafana/fedmsg-queues.json").read_text())
DAEMON = "east/daemon/Obedient"


class Stores:
    """Settings of a dashboard by the store's name, and the time between which they are compared."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        folder, port = bus.chain.folder, free_port()
        bus.start("daemon")
        bus.chain.start_rrdcached()
        processes = bus.chain.processes
        collectds.start(
            processes,
            folder,
            "east",
            OUTPUTS.format(folder=folder)
            + block("scale-out", "LoadPlugin write_prometheus", {"9103": str(port)}),
            run_folder=bus.chain.run_folder,
            base=folder / "rrd",
            interval=STEP,
        )
        common = {"data_dir": str(folder / "rrd"), "interval": STEP}
        self.settings: dict[str, dict[str, Any]] = {
            "rrd": {**common, "rrdcached": f"unix:{folder}/rrdcached.sock"},
            "prometheus": {**common, "prometheus": engines.prometheus(processes, folder, port)},
            # Its own label for the target is kept, collectd's becomes exported_instance.
            "victoria": {
                **common,
                "prometheus": engines.victoria(processes, folder, port, honor=False),
            },
        }
        self.pages = {
            name: create_app(settings).test_client() for name, settings in self.settings.items()
        }
        wait_for("each store has rates", lambda: self._known(time.time() - 30, time.time()), 60)
        first = bus.sample("daemon")
        self.begin = int(first.time)
        # Calm, then a surge of messages that are handled slowly.
        for seconds, samples in ((0.0, 14), (0.4, 4)):
            for _ in range(samples):
                bus.publish(30 if seconds else 2, seconds=seconds)
                at = bus.sample("daemon").time
                wait_for("a sample", lambda t=at: bus.sample("daemon").time > t, 60)
        last = bus.sample("daemon")
        self.end, self.received = int(last.time), last.received - first.received
        wait_for("the end is stored", lambda: self._known(self.end - STEP, self.end), 60)
        # What each store lists is kept for seconds; series that have begun since are wanted too.
        self.pages = {
            name: create_app(settings).test_client() for name, settings in self.settings.items()
        }

    def series(self, name: str, start: float, end: float, metrics: str) -> dict[str, Any]:
        answer = self.pages[name].get(
            "/api/v1/series",
            query_string={
                "daemon": DAEMON,
                "start": int(start),
                "end": int(end),
                "metrics": metrics,
                "step": STEP,
            },
        )
        body = json.loads(answer.data)
        if answer.status_code != 200 or not body["daemons"]:
            return {}
        assert body["step"] == STEP
        return body["daemons"][0]["series"]  # type: ignore[no-any-return]

    def _known(self, start: float, end: float) -> bool:
        """Tell whether each store knows a value of [start, end) of each series."""
        self.bus.chain.processes.check()
        return all(
            set(self.series(name, start, end, metric).get(metric, [])) - {None}
            for name in self.pages
            for metric in EACH_SAMPLE
        )


#: What every sample has. The others (a delay without a message) come and go: where one is
#: missing RRD takes the next value within the heartbeat, PromQL the one before.
EACH_SAMPLE = (
    "received",
    "processed",
    "failed",
    "rejected",
    "backlog",
    "in_progress",
    "busy",
    "workers",
)


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with new_short_folder() as folder, Bus(folder, STEP) as bus:
        yield Stores(bus)


@pytest.mark.parametrize("engine", ["prometheus", "victoria"])
def test_every_series_is_the_same(stores: Stores, engine: str) -> None:
    """To RRD's rounding, step by step, for what is in every sample; the counts are the hub's."""
    for metric in EACH_SAMPLE:
        files, other_engine = (
            stores.series(name, stores.begin, stores.end, metric) for name in ("rrd", engine)
        )
        assert set(files) == set(other_engine)
        for name in files:
            assert None not in files[name]
            assert other_engine[name] == pytest.approx(files[name], rel=1e-6, abs=1e-6), name
    received = stores.series(engine, stores.begin, stores.end, "received")["received"]
    assert sum(received) * STEP == pytest.approx(stores.received, abs=1e-3)


@pytest.mark.parametrize("engine", ["prometheus", "victoria"])
def test_the_verdict_is_the_same(
    stores: Stores, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same daemon, the same verdict with the same split of the growth, at one moment."""
    files, other_engine = (diagnosed(stores, name, capsys) for name in ("rrd", engine))
    assert files["verdict"] in {"SURGE", "SLOW", "BOTH"}
    assert other_engine["verdict"] == files["verdict"]
    assert other_engine["split"] == pytest.approx(files["split"], rel=1e-3)
    assert other_engine["last_sample"] == files["last_sample"]


@pytest.mark.parametrize("engine", ["prometheus", "victoria"])
def test_the_page_is_the_same(stores: Stores, engine: str) -> None:
    """Daemon and topics of the page's list; the page itself is drawn.

    The verdict is compared above, at one moment: two pages are asked at two.
    """

    def rows(name: str) -> list[list[Any]]:
        daemons = stores.pages[name].get("/api/v1/daemons").get_json()["daemons"]
        keys = ("id", "host", "service", "consumer", "topics")
        return [[row[key] for key in keys] for row in daemons]

    wait_for("both list the same", lambda: rows(engine) == rows("rrd"), 60)
    assert len(rows(engine)) == 1
    page = stores.pages[engine].get("/")
    assert page.status_code == 200
    assert "<bdi>east</bdi>" in page.text


def diagnosed(stores: Stores, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what the command says of the daemon at the end of what is compared."""
    settings = stores.settings[name]
    options = (
        ["--prometheus", settings["prometheus"]]
        if "prometheus" in settings
        else ["--data-dir", settings["data_dir"], "--rrdcached", settings["rrdcached"]]
    )
    cli.main(["diagnose", *options, "--interval", str(STEP), "--at", str(stores.end), "--json"])
    (daemon,) = json.loads(capsys.readouterr().out)["daemons"]
    return daemon  # type: ignore[no-any-return]


def test_every_panel_of_the_grafana_dashboard_has_values(stores: Stores) -> None:
    """Grafana is not here; what it would ask for is answered, of this daemon alone."""
    listed = {"instance": "east", "fedmsg": "daemon"}
    server = Server(stores.settings["prometheus"]["prometheus"])
    values_by_panel = {}
    for panel in GRAFANA["panels"]:
        (target,) = panel["targets"]
        expression = target["expr"].replace("$__rate_interval", f"{4 * STEP}s")
        expression = expression.replace("$host", ".*").replace("$service", ".*")
        answer = server.range(expression, stores.begin, stores.end, STEP)
        own_series = [
            values
            for labels, values in answer.items()
            if listed.items() <= dict(labels).items() and values
        ]
        assert len(own_series) == len(answer) == 1, panel["title"]
        values_by_panel[panel["title"]] = list(own_series[0].values())
    backlog = stores.series("rrd", stores.begin, stores.end, "backlog")["backlog"]
    assert max(values_by_panel["backlog"]) == pytest.approx(max(backlog))
    # Nearly all of it came in the last steps, in bursts of 30 a sample at least.
    assert max(values_by_panel["received per second"]) > 3
    assert max(values_by_panel["workers"]) == 1
    assert 0 < max(values_by_panel["busy, workers"]) <= 1.1
    for variable in GRAFANA["templating"]["list"][1:]:
        name, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()
        known = server.query(f"group by ({label}) ({name.replace('$host', '.*')})")
        assert known == {frozenset({(label, listed[label])}): 1}
