"""``collectd-fedmsg config [fedmsg|collectd]``: print ready snippets for both ends."""

from __future__ import annotations

import argparse
import re
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Where collectd keeps what must outlive it.
STATE_FILE = "/var/lib/collectd/collectd_fedmsg.json"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("config", help="print snippets for collectd and fedmsg.d")
    parser.add_argument(
        "part",
        nargs="?",
        choices=("collectd", "fedmsg"),
        help="only this one, to redirect into its file",
    )
    parser.add_argument("--interval", type=_interval, default=10, help="seconds between samples")
    parser.add_argument("--run-folder", type=_folder, default="/run/fedmsg-health")
    parser.add_argument(
        "--group",
        type=_name,
        help="the group that may read the sockets, where collectd is not root",
    )
    parser.add_argument("--rrdcached", type=_address, help="unix:/path of collectd's rrdcached")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the snippets, fit for where this package is installed."""
    if options.part != "fedmsg":
        here = Path(__file__).resolve().parents[2]
        paths = list(dict.fromkeys([str(here), sysconfig.get_path("platlib")]))
        print(
            collectd_block(
                options.run_folder, STATE_FILE, options.interval, paths, options.rrdcached or ""
            )
        )
    if options.part != "collectd":
        print(fedmsg_snippet(options.run_folder, options.interval, options.group or ""))
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


_COLLECTD = """\
# collectd.conf snippet of collectd-fedmsg. Set also, at the top of collectd.conf, WriteThreads 1
# and equal WriteQueueLimits: what comes after an outage would be stored in part otherwise.
<LoadPlugin python>
  Globals true
</LoadPlugin>
<Plugin python>
{module_paths}  LogTraces true
  Import "collectd_fedmsg.collectd_plugin"
  <Module "collectd_fedmsg.collectd_plugin">
    Endpoints "{run_folder}/*.sock"
    Interval {interval}
    Timeout {timeout:g}
    StateFile "{state_file}"
{more}  </Module>
</Plugin>
"""

_FEDMSG = """\
# fedmsg.d/collectd_fedmsg.py
try:
    from collectd_fedmsg import explicit_hubs
except ImportError:  # not in this Python: its daemons run as they did before
    pass
else:  # fedmsg-relay, -gateway and -irc load no plugin by themselves
    explicit_hubs.install()

config = {{
    "collectd_fedmsg.enabled": True,
    "collectd_fedmsg.run_folder": "{run_folder}",
    "collectd_fedmsg.interval": {interval},
{more}}}
"""


def collectd_block(
    run_folder: str,
    state_file: str,
    interval: int,
    module_paths: Sequence[str],
    rrdcached: str = "",
) -> str:
    """Return the python plugin's part of collectd.conf; ``interval`` in seconds.

    ``module_paths`` must name real folders, as collectd's Python reads no .pth file; none is
    needed for what a distribution's package installs.
    ``rrdcached`` is the ``unix:/path`` of the one behind collectd, if any.
    """
    return _COLLECTD.format(
        run_folder=run_folder,
        state_file=state_file,
        interval=interval,
        timeout=min(2.0, interval / 2),
        more=f'    Rrdcached "{rrdcached}"\n' if rrdcached else "",
        module_paths="".join(f'  ModulePath "{path}"\n' for path in module_paths),
    )


def fedmsg_snippet(run_folder: str, interval: int, group: str = "") -> str:
    """Return a file for fedmsg.d that switches the hub plugin on; ``interval`` in seconds.

    ``group`` may read the sockets, besides the daemons' own user.
    """
    more = f'    "collectd_fedmsg.group": {group!r},\n' if group else ""
    return _FEDMSG.format(run_folder=run_folder, interval=interval, more=more)
