"""``collectd-fedmsg config [fedmsg|collectd]``: print ready snippets for both ends."""

from __future__ import annotations

import argparse
import re
import sysconfig
from pathlib import Path
from typing import Any

from collectd_fedmsg import snippets

#: Where collectd keeps what must outlive it.
STATE_FILE = "/var/lib/collectd/collectd_fedmsg.json"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("config", help="print snippets for collectd and fedmsg.d")
    parser.add_argument("part", nargs="?", choices=("collectd", "fedmsg"),
                        help="only this one, to be sent into its file")
    parser.add_argument("--interval", type=_interval, default=10, help="seconds between samples")
    parser.add_argument("--run-folder", type=_folder, default="/run/fedmsg-health")
    parser.add_argument("--group", type=_name,
                        help="the group that may read the sockets, where collectd is not root")
    parser.add_argument("--rrdcached", type=_address, help="unix:/path of the one behind collectd")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the snippets, fit for where this package is installed."""
    if options.part != "fedmsg":
        here = Path(__file__).resolve().parents[2]
        paths = list(dict.fromkeys([str(here), sysconfig.get_path("platlib")]))
        print(snippets.collectd_block(
            options.run_folder, STATE_FILE, options.interval, paths, options.rrdcached or ""))
    if options.part != "collectd":
        print(snippets.fedmsg_snippet(options.run_folder, options.interval, options.group or ""))
    return 0


def _interval(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not whole seconds, 1 to 3600")
    return int(text)


def _folder(text: str) -> str:
    # It goes between quotes in two languages.
    if not re.fullmatch(r"/[\w./@+-]*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not an absolute path of plain characters")
    return text


def _address(text: str) -> str:
    _folder(text.removeprefix("unix:"))
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a group")
    return text
