"""EDGE systemctl, kernel clock: rewind when systemd's timer says that the clock was changed.

Looks first, and stops collectd only when series stand still. Whatever happens then, a collectd that
ran is started again: by this, or by the unit's ExecStopPost when this was killed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .. import unattended
from ..cursors import Cursors
from ..names import printable
from ..rrdcached import Rrdcached
from .rewind_files import newest, patterns, rewind_all

#: Seconds that collectd may take to stop or start.
PATIENCE = 300
#: Seconds to wait for a clock that somebody keeps (NTP).
KEEPER = 600
#: What adjtimex(2) returns while nobody does.
TIME_ERROR = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the unit file gives, and what an administrator may add to it."""
    group = parser.add_argument_group("from systemd's timer (docs/operations.rst)")
    group.add_argument("--unattended", metavar="UNIT", default="",
                       help="under guards, with this unit (collectd's) stopped meanwhile")
    group.add_argument("--config", type=Path,
                       help="the plugin's block of collectd.conf, for its StateFile and Rrdcached")
    group.add_argument("--host", default=socket.gethostname(),
                       help="whose series; those of other hosts go by other clocks")
    group.add_argument("--unsynchronised", action="store_true",
                       help="believe a clock that no NTP keeps")
    group.add_argument("--force", action="store_true", help="cut more than a day, too")
    group.add_argument("--steady", type=int, default=unattended.STEADY, metavar="SECONDS",
                       help="wait until the clock has gone on so long without a step")


def run(options: argparse.Namespace) -> int:
    """Rewind if series stand still and the clock is to be believed; return 1 when it may not."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    complete(options)
    if not files(options):
        print(printable(f"no files of {options.host} in {options.data_dir}: if collectd has another"
                        " Hostname, add --host NAME"))
    if ahead(options) <= unattended.TINY:
        print("no series of this host stands still: nothing to do")
        return 0
    kept = unattended.wait_steady(
        lambda: (time.time(), time.monotonic()), time.sleep,
        lambda: options.unsynchronised or synchronised(), options.steady, KEEPER,
    )  # fmt: skip
    far = ahead(options)
    if far <= unattended.TINY:
        print("the clock was set again: nothing to do")
        return 0
    refused = unattended.refusal(far, kept, options.force)
    if refused:
        print(f"nothing is rewound: {refused}. If it is right now, run"
              " `collectd-fedmsg rewind` by hand; docs/operations.rst says how", file=sys.stderr)
        return 1
    print(f"the newest sample is {far:.0f} s ahead: the clock was set back", flush=True)
    with stopped(options.unattended):
        if options.backup:
            options.backup = room(options.backup)
            print(printable(f"what files were like before is in {options.backup}"), flush=True)
        return rewind_all(options, files(options))


def complete(options: argparse.Namespace) -> None:
    """Take from the plugin's block what was not given."""
    try:
        block = unattended.read_block(options.config.read_text("utf-8") if options.config else "")
    except (OSError, ValueError) as error:
        print(printable(f"{options.config}: {error}"), file=sys.stderr)
        return
    options.rrdcached = options.rrdcached or block.rrdcached
    options.data_dir = Path(block.data_dir) if block.data_dir else options.data_dir
    if options.state_file is None and block.state_file:
        options.state_file = Path(block.state_file)


def files(options: argparse.Namespace) -> list[Path]:
    """Return our files of this host."""
    here = [one for one in options.data_dir.glob("*")
            if unattended.is_here(one.name, options.host)]  # fmt: skip
    return [path for one in here for name in patterns(options.all) for path in one.glob(name)]


def ahead(options: argparse.Namespace) -> float:
    """Return how far (s) the newest of this host's samples is in the future; what cannot be read
    is passed by, as the rewinding itself will name it.
    """
    cache = Rrdcached(options.rrdcached) if options.rrdcached else None
    found = [0.0]
    for path in files(options):
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            found.append(newest(path.absolute(), cache))
    if options.state_file:
        # Also where collectd keeps no files: it reads nothing until the clock has passed this.
        cursors = Cursors()
        with contextlib.suppress(OSError, ValueError):
            cursors.load(options.state_file)
        found.append(cursors.newest())
    return max(found) - time.time()


def synchronised() -> bool:
    """Return whether something keeps the kernel's clock: adjtimex(2), read only."""
    # Longer than any architecture's struct timex; with nothing in it nothing is set.
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))) != TIME_ERROR


@contextlib.contextmanager
def stopped(unit: str) -> Iterator[None]:
    """Have a unit stopped meanwhile; one that did not run is left so.

    Raises:
        SubprocessError: it does not stop.
    """
    if _systemctl("is-active", "--quiet", unit, check=False).returncode:
        yield
        return
    # The unit's ExecStopPost looks for this.
    folder = os.environ.get("RUNTIME_DIRECTORY")
    mark = Path(folder, "stopped") if folder else None
    try:
        if mark:
            mark.touch()
        _systemctl("stop", unit)
        yield
    finally:
        _systemctl("start", unit, check=False)
        if mark:
            mark.unlink(missing_ok=True)


def _systemctl(*words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["systemctl", *words], check=check, timeout=PATIENCE)  # noqa: S603, S607 - a list: no shell


def room(folder: Path) -> Path:
    """Return a new folder for this time's copies; the oldest ones give way.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in unattended.too_many([one.name for one in folder.iterdir() if one.is_dir()]):
        shutil.rmtree(folder / name)
    new = folder / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    new.mkdir(exist_ok=True)
    return new
