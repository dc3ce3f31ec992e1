"""``smoke.py FOLDER VERSION``: do the commands in FOLDER work, and does the page answer?

Only the standard library, so that it runs in any environment that something was installed into.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

FOLDER, VERSION = Path(sys.argv[1]), sys.argv[2]
DASHBOARD = str(FOLDER / "collectd-fedmsg-dashboard")


def say(*command: str) -> str:
    """Return what a command prints; it must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


for name in ("collectd-fedmsg", "collectd-fedmsg-dashboard"):
    assert say(str(FOLDER / name), "--version") == f"{name} {VERSION}\n"
    assert "usage" in say(str(FOLDER / name), "--help").lower()
assert "/run/fedmsg-health" in say(str(FOLDER / "collectd-fedmsg"), "config")

with tempfile.TemporaryDirectory() as folder:
    page = subprocess.Popen([DASHBOARD, "--data-dir", folder, "--port", "0"], text=True,
                            stdout=subprocess.PIPE)
    try:
        address = page.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{address}healthz", timeout=30) as answer:
            assert json.load(answer) == {"ok": True, "daemons": 0}
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"<html" in answer.read()
    finally:
        page.terminate()
        page.wait(30)
print(f"{FOLDER}: works")
