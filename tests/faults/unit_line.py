"""The rewinding unit's own ExecStart, and a systemctl that hands its orders to the test."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from examples.chain import ROOT
from examples.processes import wait_for

UNIT = ROOT / "packaging/systemd/collectd-fedmsg-rewind.service"
SYSTEMCTL = """#!/bin/sh
[ "$1" != is-active ] || exit 0
touch "$ORDERS/$1"
while [ -e "$ORDERS/$1" ]; do sleep 0.05; done
"""


def exec_start(given: Mapping[str, str], etc: Path) -> list[str]:
    """Return the line as systemd reads it: ${A} is one word, $A as many as it has."""
    text = UNIT.read_text()
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
    (own,) = re.findall(r"^Environment=(.*)$", text, re.M)
    values = {**dict(one.split("=", 1) for one in own.split()), **given}
    words: list[str] = []
    for word in line.split():
        if re.fullmatch(r"\$\w+", word):
            words += shlex.split(values[word[1:]])
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], word))
    assert words[0] == "/usr/bin/collectd-fedmsg"
    words[0] = str(Path(sys.executable).parent / "collectd-fedmsg")
    return [word.replace("/etc/collectd-fedmsg", str(etc)) for word in words]


def run_unit(
    folder: Path, given: Mapping[str, str], obey: Callable[[str], object]
) -> tuple[int, str]:
    """Run the line until it ends, calling ``obey`` for each order; return status and words."""
    orders, tools = folder / "orders", folder / "tools"
    for one in (orders, tools, folder / "run"):
        one.mkdir(exist_ok=True)
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    env = {**os.environ, "ORDERS": str(orders), "PATH": f"{tools}:{os.environ['PATH']}",
           "RUNTIME_DIRECTORY": str(folder / "run")}
    given = {"STATE_DIRECTORY": str(folder / "copies"), **given}
    with (folder / "said").open("w+") as said:
        child = subprocess.Popen(exec_start(given, folder / "config"), env=env, stdout=said,
                                 stderr=subprocess.STDOUT, cwd=folder)

        def ended() -> bool:
            for order in orders.iterdir():
                obey(order.name)
                order.unlink()
            return child.poll() is not None

        try:
            wait_for("the unit's command ends", ended, 400)
        finally:
            child.kill()
            child.wait(10)
    return child.returncode, (folder / "said").read_text()
