"""``smoke.py FOLDER VERSION``: does every command in FOLDER work, and does the page answer?

Only the standard library, so that it runs in any environment that something was installed into.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

FOLDER, VERSION = Path(sys.argv[1]).absolute(), sys.argv[2]
DASHBOARD = str(FOLDER / "collectd-fedmsg-dashboard")


COMMAND = str(FOLDER / "collectd-fedmsg")
RULES = '[output.nobody]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n'
#: Each command where no daemon runs and nothing is stored: what it answers, and a part of it.
TRIED = (
    ("top --once --endpoints none/*.sock", 1, "no daemon answers"),
    ("doctor --run-folder none --data-dir rrd", 1, "could not"),
    ("config collectd", 0, "/run/fedmsg-health"),
    ("config fedmsg", 0, "collectd_fedmsg"),
    ("keys made", 0, "CurveKeys"),
    ("check --endpoints none/*.sock", 2, "FEDMSG CRITICAL"),
    ("diagnose --data-dir rrd", 2, "nothing is stored here"),
    ("rewind rrd --dry-run", 0, "0 files would be rewound"),
    ("forget rrd --host gone --dry-run", 1, "nothing is stored of that"),
    ("backtest --data-dir rrd --from 1h", 2, "nothing is stored here"),
    ("alerts check-config rules.toml", 0, "1 outputs"),
    ("alerts list --state a.db", 0, ""),
    ("alerts status --state a.db", 0, "OK"),
)


def say(*command: str, status: int = 0) -> str:
    """Return all that a command prints; it must end so."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    output = done.stdout + done.stderr
    assert done.returncode == status, f"{command}: {done.returncode}\n{output}"
    assert "Traceback" not in output, output
    return output


def try_alerts() -> None:
    """Run the evaluator until it has written its file."""
    options = ("--rules", "rules.toml", "--state", "a.db", "--data-dir", "rrd")
    evaluator = subprocess.Popen([COMMAND, "alerts", "run", *options], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while subprocess.run(
            [COMMAND, "alerts", "status", "--state", "a.db"],
            check=False,
            capture_output=True,
            timeout=60,
        ).returncode:
            assert evaluator.poll() is None, "the evaluator has ended"
            assert time.monotonic() < end, "the evaluator wrote nothing"
            time.sleep(0.2)
    finally:
        evaluator.terminate()
    assert evaluator.wait(30) == 0


def try_page() -> None:
    """Serve an empty folder; the page and the health check answer."""
    page = subprocess.Popen(
        [DASHBOARD, "--data-dir", "rrd", "--port", "0"], text=True, stdout=subprocess.PIPE
    )
    try:
        address = page.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{address}healthz", timeout=30) as answer:
            assert json.load(answer) == {"ok": True, "daemons": 0}
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"<html" in answer.read()
    finally:
        page.terminate()
        page.wait(30)


for name in (COMMAND, DASHBOARD):
    assert say(name, "--version") == f"{Path(name).name} {VERSION}\n"
    assert "usage" in say(name, "--help").lower()
listed = re.findall(r"^    (\w+) +\w", say(COMMAND, "--help"), re.MULTILINE)
assert set(listed) == {words.split()[0] for words, *_ in TRIED}, "a command is not tried here"
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    Path("rrd").mkdir()
    Path("rules.toml").write_text(RULES)
    try_alerts()
    for words, status, part in TRIED:
        assert part in say(COMMAND, *words.split(), status=status), words
    try_page()
    os.chdir("/")
print(f"{FOLDER}: works")
