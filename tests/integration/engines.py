"""Real time series engines on free loopback ports, fed by collectd's own writers."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from examples.processes import Processes, free_port, wait_for
from tests.documented import block


def scrape(port: int, honor: bool) -> str:
    """Return the prometheus.yml of the page, for a collectd of one second on ``port``."""
    return block(
        "scale-out",
        "scrape_configs:",
        {
            "5s    # at most half of collectd's Interval": "500ms\n    scrape_timeout: 500ms",
            "honor_labels: true": f"honor_labels: {str(honor).lower()}",
            "9103": str(port),
        },
    )


def prometheus(processes: Processes, folder: Path, port: int, honor: bool = True) -> str:
    """Start a Prometheus that reads collectd on ``port``; return its address."""
    config, own = folder / "prometheus.yml", free_port()
    config.write_text(scrape(port, honor))
    processes.start(
        "prometheus",
        [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{own}",
        ],
        os.environ,
        folder,
    )
    return _answering(processes, f"http://127.0.0.1:{own}", "/-/ready")


def victoria(processes: Processes, folder: Path, port: int, honor: bool = True) -> str:
    """Start a VictoriaMetrics that reads collectd on ``port``; return its address."""
    config, own = folder / "victoria.yml", free_port()
    config.write_text(scrape(port, honor))
    processes.start(
        "victoria",
        [
            "victoria-metrics",
            f"-promscrape.config={config}",
            f"-storageDataPath={folder}/victoria",
            f"-httpListenAddr=127.0.0.1:{own}",
            "-memory.allowedBytes=64MB",
            # Otherwise the newest half minute is an older value said again.
            "-search.latencyOffset=0s",
        ],
        os.environ,
        folder,
    )
    return _answering(processes, f"http://127.0.0.1:{own}", "/health")


def _answering(processes: Processes, address: str, path: str) -> str:
    def answers() -> bool:
        processes.check()
        try:
            with urllib.request.urlopen(address + path, timeout=60):
                return True
        except OSError:
            return False

    wait_for(f"{address} answers", answers, 60)
    return address
