"""The API compared with bare fetch and encoding, on the same files, in one run.

13 daemons × 3 series × a day.
"""

from __future__ import annotations

import http.client
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import rrdtool

STEP, DAY, DAEMONS, ROUNDS = 10, 86400, 13, 30
METRICS = {
    "received": ("derive", "DERIVE", "AVERAGE"),
    "processed": ("derive", "DERIVE", "AVERAGE"),
    "backlog": ("queue_length", "GAUGE", "MAX"),
}


def files(root: Path, end: int, step: int = STEP, span: int = DAY) -> list[tuple[str, str]]:
    """Make a day of samples, or another span (s) at another step (s); return (path, CF)."""
    rrd_files, chance = [], random.Random(4)
    folder = root / "h" / "fedmsg-hub"
    folder.mkdir(parents=True)
    for number in range(DAEMONS):
        for metric, (kind, source, cf) in METRICS.items():
            path = str(folder / f"{kind}-C{number}_{metric}.rrd")
            rrdtool.create(
                path,
                "-s",
                str(step),
                "-b",
                str(end - span - step),
                f"DS:value:{source}:{2 * step}:0:U",
                *[
                    f"RRA:{c}:0.1:{row}:1240"
                    for row in (1, 7, 50)
                    for c in ("AVERAGE", "MIN", "MAX")
                ],
            )
            rrdtool.update(
                path,
                *[
                    f"{t}:{(t - end + span) * 9 + chance.randrange(90)}"
                    for t in range(end - span, end + 1, step)
                ],
            )
            rrd_files.append((path, cf))
    return rrd_files


def timed(work) -> float:
    """Return the median of ROUNDS runs, in ms."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main(root: Path, end: int, rrd_files: list[tuple[str, str]]) -> tuple[float, int]:
    """Print the medians and their ratio; return the API's, in ms, and its bytes uncompressed."""

    def bare() -> bytes:
        return orjson.dumps(
            [
                rrdtool.fetch([path, cf, "-s", str(end - DAY), "-e", str(end), "-r", "180"])[2]
                for path, cf in rrd_files
            ]
        )

    with serving(root) as port:
        link = http.client.HTTPConnection("127.0.0.1", port)
        ids = "&".join(f"daemon=h/hub/C{n}" for n in range(DAEMONS))

        def get(path: str, encoding: str = "identity") -> bytes:
            link.request("GET", path, headers={"Accept-Encoding": encoding})
            return link.getresponse().read()

        series = f"/api/v1/series?{ids}&span=day"
        base = timed(bare)
        print(f"bare fetch + orjson  {base:8.2f} ms  {len(bare()):9,d} B")
        costs = []
        for name, encoding in (("API", "identity"), ("API, brotli", "br")):
            took_ms = timed(lambda e=encoding: get(series, e))
            costs.append((took_ms, len(get(series, encoding))))
            print(f"{name:20} {took_ms:8.2f} ms  {costs[-1][1]:9,d} B  {took_ms / base:.1f} × bare")
        print(f"{'daemons (cached)':20} {timed(lambda: get('/api/v1/daemons')):8.2f} ms")
    return costs[0]


@contextmanager
def serving(root: Path, *options: str, code: Path | None = None) -> Iterator[int]:
    """Serve a folder by the command, in its own process; yields the port.

    Args:
        root: the data folder.
        options: of the command.
        code: another checkout to serve from.
    """
    paths = {} if code is None else {"PYTHONPATH": str(code)}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "collectd_fedmsg_dashboard.serve",
            "--data-dir",
            str(root),
            "--port",
            "0",
            *options,
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=code,
        env={**os.environ, **paths},
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(10)
