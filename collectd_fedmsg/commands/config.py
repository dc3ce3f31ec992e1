"""``collectd-fedmsg config``: print ready snippets for collectd.conf and fedmsg.d."""

from __future__ import annotations

import argparse
import sysconfig
from pathlib import Path
from typing import Any

from collectd_fedmsg import snippets

#: Where collectd keeps what must outlive it.
STATE_FILE = "/var/lib/collectd/collectd_fedmsg.json"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("config", help="print snippets for collectd and fedmsg.d")
    parser.add_argument("--interval", type=int, default=10, help="seconds between samples")
    parser.add_argument("--run-folder", default="/run/fedmsg-health")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print both snippets, fit for where this package is installed."""
    here = Path(__file__).resolve().parents[2]
    paths = dict.fromkeys([str(here), sysconfig.get_path("platlib")])
    print(snippets.collectd_block(options.run_folder, STATE_FILE, options.interval, list(paths)))
    print(snippets.fedmsg_snippet(options.run_folder, options.interval))
    return 0
