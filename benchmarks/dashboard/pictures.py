"""What the page of 2014 did: collection3's graph.cgi, a process per picture, 39 of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .api import DAEMONS, DAY, METRICS

#: From collectd-core; it needs libcgi-pm-perl, librrds-perl and libconfig-general-perl.
COLLECTION3 = Path("/usr/share/doc/collectd-core/examples/collection3")


def main(root: Path, api_cost: tuple[float, int] | None = None) -> None:
    """Print the time and size of all pictures, and how many times the API's (ms, bytes)."""
    if not COLLECTION3.exists():
        print("graph.cgi: not here")
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "collection3"
        shutil.copytree(COLLECTION3, copy)
        for packed in copy.rglob("*.gz"):
            subprocess.run(["gunzip", "-f", str(packed)], check=True)
        (copy / "etc/collection.conf").write_text(f'DataDir "{root}"\n')
        began, octets, good = time.perf_counter(), 0, 0
        for number in range(DAEMONS):
            for metric, (kind, _, _) in METRICS.items():
                query = (
                    f"hostname=h;plugin=fedmsg;plugin_instance=hub;type={kind};"
                    f"type_instance=C{number}_{metric};begin=-{DAY}"
                )
                run = subprocess.run(
                    ["perl", "graph.cgi"],
                    cwd=copy / "bin",
                    capture_output=True,
                    check=False,
                    env={
                        **os.environ,
                        "QUERY_STRING": query,
                        "PERL5LIB": str(copy / "lib"),
                        "REQUEST_METHOD": "GET",
                    },
                )
                octets += len(run.stdout)
                good += b"\x89PNG" in run.stdout[:300]
        took_ms = (time.perf_counter() - began) * 1000
    more = (
        ""
        if api_cost is None
        else (
            f", {took_ms / api_cost[0]:,.0f} × the API's time,"
            f" {octets / api_cost[1]:.1f} × its bytes"
        )
    )
    print(f"graph.cgi × {DAEMONS * 3}       {took_ms:8.0f} ms  {octets:9,d} B  ({good} PNG){more}")
