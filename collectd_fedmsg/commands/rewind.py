"""EDGE files: ``collectd-fedmsg rewind``: let series go on after a clock was set back.

Run it with collectd stopped: collectd, too, takes nothing until the clock has passed what it has.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .rewind_files import patterns, rewind_all


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "rewind", help="let series go on after a clock was set back (collectd must be stopped)"
    )
    parser.add_argument("data_dir", type=Path, help="collectd's folder of RRD files")
    parser.add_argument("--rrdcached", default="", help="unix:/path of the one behind collectd")
    parser.add_argument("--state-file", type=Path, help="the plugin's StateFile")
    parser.add_argument("--backup", type=Path, help="keep here what files were like before")
    parser.add_argument("--all", action="store_true", help="all of collectd, not only ours")
    parser.add_argument("--dry-run", action="store_true", help="name the files, change nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Rewind each file whose newest sample is in the future; return 1 when one could not be."""
    found = [one for name in patterns(options.all) for one in options.data_dir.glob(f"*/{name}")]
    return rewind_all(options, found)
