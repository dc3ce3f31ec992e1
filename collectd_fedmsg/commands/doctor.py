"""``collectd-fedmsg doctor``: check each step from daemon to page and report the broken one."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from collectd_fedmsg.commands import doctor_steps as examine
from collectd_fedmsg.commands.alerts import STATE
from collectd_fedmsg.commands.options import seconds
from collectd_fedmsg.names import visible

WORDS = {True: "ok   ", False: "FAIL ", None: "?    "}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("doctor", help="find what is wrong between hub and dashboard")
    parser.add_argument("--run-folder", help="the daemons' sockets; fedmsg.d's by default")
    parser.add_argument("--data-dir", default="/var/lib/collectd/rrd", help="collectd's RRD files")
    parser.add_argument("--collectd-conf", default="", help="collectd.conf; the usual by default")
    parser.add_argument("--rrdcached", default="", help="rrdcached's address: unix:/path")
    parser.add_argument("--url", default="", help="the dashboard's address")
    parser.add_argument(
        "--timeout", type=seconds(0.1, 600), default=3.0, help="seconds for each question"
    )
    parser.add_argument("--state", type=Path, default=STATE, help="the alert evaluator's file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print each finding; 0 when nothing is wrong, 1 otherwise."""
    failed = unknown = 0
    for finding in examine.everything(options, time.time):
        print(f"{WORDS[finding.good]} {visible(finding.what)}", flush=True)
        if finding.hint:
            print(f"      → {visible(finding.hint)}", flush=True)
        failed += finding.good is False
        unknown += finding.good is None
    summary = f"{failed} wrong" if failed else "nothing is wrong"
    print(summary + (f" of what could be looked at; {unknown} could not" if unknown else ""))
    return 1 if failed else 0
