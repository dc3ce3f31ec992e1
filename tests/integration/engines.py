"""Real time series engines on free loopback ports, fed by collectd's own writers."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from examples.processes import Processes, free_port, wait_for

SCRAPE = """\
scrape_configs:
  - job_name: collectd
    scrape_interval: 500ms
    scrape_timeout: 500ms
    honor_labels: {honor}
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


def prometheus(processes: Processes, folder: Path, port: int, honor: bool = True) -> str:
    """Start a Prometheus that reads collectd on ``port``; return its address."""
    config, own = folder / "prometheus.yml", free_port()
    config.write_text(SCRAPE.format(port=port, honor=str(honor).lower()))
    processes.start("prometheus", [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/prometheus",
        f"--web.listen-address=127.0.0.1:{own}"], os.environ, folder)
    return _answering(processes, f"http://127.0.0.1:{own}", "/-/ready")


def victoria(processes: Processes, folder: Path, port: int, honor: bool = True) -> str:
    """Start a VictoriaMetrics that reads collectd on ``port``; return its address."""
    config, own = folder / "victoria.yml", free_port()
    config.write_text(SCRAPE.format(port=port, honor=str(honor).lower()))
    processes.start("victoria", [
        "victoria-metrics", f"-promscrape.config={config}", f"-storageDataPath={folder}/victoria",
        f"-httpListenAddr=127.0.0.1:{own}", "-memory.allowedBytes=64MB",
        # Otherwise the newest half minute is an older value said again.
        "-search.latencyOffset=0s"], os.environ, folder)
    return _answering(processes, f"http://127.0.0.1:{own}", "/health")


def _answering(processes: Processes, address: str, path: str) -> str:
    def answers() -> bool:
        processes.check()
        try:
            with urllib.request.urlopen(address + path, timeout=5):
                return True
        except OSError:
            return False

    wait_for(f"{address} answers", answers, 60)
    return address
