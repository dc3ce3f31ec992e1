"""A consumer's new release makes it slow: real hub, collectd, rrdcached and page."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from examples.chain import Daemon
from examples.processes import wait_for
from tests.conftest import new_short_folder

from .bus import Bus

SOURCE = """\
import time
from fedmsg.consumers import FedmsgConsumer


class Archivist(FedmsgConsumer):
    topic = "org.fedoraproject.*"
    config_key = "archivist.enabled"
    validate_signatures = False

    def consume(self, message):
        insert()


def insert():
    time.sleep({seconds})
"""


def install(site: Path, version: str, seconds: float) -> None:
    """Put a release of the consumer where pip would, in place of the one that is there."""
    shutil.rmtree(site, ignore_errors=True)
    metadata = site / f"archivist-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: archivist\nVersion: {version}\n"
    )
    (metadata / "RECORD").write_text("archivist_consumer.py,,\n")
    (site / "archivist_consumer.py").write_text(SOURCE.format(seconds=seconds))


def test_slow_since_a_new_release() -> None:
    """The row says since which release, and where the time goes; the change is a mark."""
    with new_short_folder() as folder, Bus(folder) as bus:
        chain, site = bus.chain, folder / "site"
        chain.extra_path = str(site)
        daemon = Daemon("archivist", "archivist_consumer:Archivist", 1, {"archivist.enabled": True})

        def ask(resource: str) -> Any:
            with urllib.request.urlopen(f"{chain.url}/api/v1/{resource}", timeout=30) as answer:
                return json.load(answer)

        def row() -> dict[str, Any]:
            chain.processes.check()
            return next(iter(ask("daemons")["daemons"]), {})

        install(site, "1.4.2", 0.004)
        chain.start_hub(daemon)
        chain.start_rrdcached()
        chain.start_collectd()
        chain.start_dashboard()
        with bus.traffic(0.05):
            wait_for("it is calm", lambda: row().get("state") == "OK", 60)
            began = bus.sample("archivist").processed
            wait_for(
                "it has been calm for a while",
                lambda: bus.sample("archivist").processed >= began + 200,
                60,
            )
            chain.processes.stop("archivist")
            install(site, "1.5.0", 0.15)
            chain.start_hub(daemon)
            wait_for("it is slow", lambda: row().get("state") == "SLOW", 60)
            wait_for("it says since when", lambda: "archivist 1.4.2 → 1.5.0" in row()["text"], 60)
            wait_for("it says where", lambda: "sleep, called from insert" in row()["text"], 60)
        marks = [(mark["kind"], mark["text"]) for mark in ask("marks?start=-600")["marks"]]
        assert marks == [("version", "archivist 1.4.2 → 1.5.0")]
