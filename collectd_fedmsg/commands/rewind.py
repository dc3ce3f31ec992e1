"""``collectd-fedmsg rewind``: make series writable again after a clock was set back.

Run it with collectd stopped: collectd also accepts no value older than its newest.
Refuses to follow links: it may run as root in a folder that belongs to somebody else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..files import file_beneath, folder_beneath, real_path, replace_beneath
from ..names import printable
from ..reader.cursors import Cursors
from ..rrdcached import Rrdcached
from .rewind_dump import rewound
from .rrdtool import rrdtool

#: Seconds that rrdcached may take for one file.
RRDCACHED_SECONDS = 30.0


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "rewind", help="let series go on after a clock was set back (collectd must be stopped)"
    )
    parser.add_argument("data_dir", type=Path, help="collectd's folder of RRD files")
    parser.add_argument(
        "--host", action="append", help="only this host's series, by its whole name; repeat"
    )
    parser.add_argument("--rrdcached", default="", help="unix:/path of collectd's rrdcached")
    parser.add_argument("--state-file", type=Path, help="the plugin's StateFile")
    parser.add_argument("--backup", type=Path, help="folder for copies of the files")
    parser.add_argument("--all", action="store_true", help="all of collectd, not only ours")
    parser.add_argument("--dry-run", action="store_true", help="name the files, change nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Rewind each file whose newest sample is in the future; return 1 when one could not be."""
    try:
        options.data_dir = real_path(options.data_dir)
        paths = files(options.data_dir, options.host or (), everything=options.all)
    except OSError as error:
        print(f"{options.data_dir}: {error.strerror}", file=sys.stderr)
        return 1
    for host in options.host or ():
        if not (options.data_dir / host).is_dir():
            print(f"{options.data_dir}: no series of a host {host!r}", file=sys.stderr)
            return 1
    return rewind_all(options, paths)


def files(data_dir: Path, hosts: Sequence[str], *, everything: bool) -> list[Path]:
    """Return the files of these hosts, of all without any; ours, or those of other plugins too.

    Raises:
        OSError: the folder cannot be listed.
    """
    folders = [folder for folder in data_dir.iterdir() if not hosts or folder.name in hosts]
    patterns = ("*/*.rrd",) if everything else ("fedmsg-*/*.rrd", "collectd_fedmsg/*.rrd")
    return sorted(
        path for folder in folders for pattern in patterns for path in folder.glob(pattern)
    )


def rewind_all(options: argparse.Namespace, paths: Sequence[Path]) -> int:
    """Rewind the files that are ahead, and the plugin's cursors; print the result."""
    now = int(time.time())
    cache = Rrdcached(options.rrdcached) if options.rrdcached else None
    done = failed = 0
    if paths and not shutil.which("rrdtool"):
        print("rewind needs the rrdtool command: install the package rrdtool", file=sys.stderr)
        paths, failed = [], len(paths)
    for path in paths:
        try:
            done += rewind(path, now, cache, options)
        except (OSError, ValueError) as error:
            failed += 1
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            print(printable(f"{path}: {reason}"), file=sys.stderr)
    if options.state_file and not options.dry_run:
        try:
            if not options.state_file.is_file():
                raise ValueError(f"{options.state_file}: no such file")
            cursors = Cursors()
            cursors.load(options.state_file)
            cursors.set_back(float(now))
            cursors.save(options.state_file)
        except (OSError, ValueError) as error:
            failed += 1
            print(printable(str(error)), file=sys.stderr)
    word = "would be rewound" if options.dry_run else "rewound"
    print(f"{done} files {word} to {now}, {failed} failed")
    return 1 if failed else 0


def rewind(path: Path, now: int, cache: Rrdcached | None, options: argparse.Namespace) -> bool:
    """Rewind one file when its newest sample is later than ``now``; return whether it was.

    Raises:
        OSError, ValueError: it could not be read or written; it is as it was.
    """
    relative = path.relative_to(options.data_dir)
    with folder_beneath(options.data_dir, relative.parent) as folder:
        with file_beneath(folder, path.name) as file:
            if newest(path, file, cache) <= now:
                return False
        if options.dry_run:
            print(printable(str(path)))
            return True
        if cache is not None:
            # What it holds would come after us; its journal learns that it was written, too.
            cache.let_go(str(path), RRDCACHED_SECONDS)
        with file_beneath(folder, path.name) as file:
            if options.backup:
                _back_up(file, options.backup, relative)
            dump = rewound(_rrdtool(file, "dump"), now)
            replace_beneath(folder, path.name, _restored(dump), os.fstat(file))
    return True


def newest(path: Path, file: int, cache: Rrdcached | None) -> float:
    """Return when a file's newest sample is from (s), one that rrdcached still holds included.

    Args:
        path, file: its absolute path, which rrdcached knows it by, and its descriptor.
        cache: the rrdcached behind collectd, if any.

    Raises:
        OSError, ValueError: it could not be read.
    """
    held = cache.last(str(path), RRDCACHED_SECONDS) if cache is not None else None
    return held if held is not None else float(_rrdtool(file, "last"))


def _back_up(file: int, backup: Path, relative: Path) -> None:
    """Copy an open file into the folder of copies, with its owner and times; follows no link."""
    backup.mkdir(parents=True, exist_ok=True)
    with (
        folder_beneath(backup, relative.parent, make=True) as folder,
        os.fdopen(os.dup(file), "rb") as source,
    ):
        source.seek(0)
        replace_beneath(folder, relative.name, source.read(), os.fstat(file))


def _restored(dump: str) -> bytes:
    """Return the bytes of the RRD that a dump describes."""
    with tempfile.TemporaryDirectory(prefix="collectd-fedmsg-") as name:
        xml, rrd = Path(name) / "dump.xml", Path(name) / "new.rrd"
        xml.write_text(dump, "utf-8")
        rrdtool("restore", str(xml), str(rrd))
        return rrd.read_bytes()


def _rrdtool(file: int, command: str) -> str:
    """Return what rrdtool prints of an open file: by its descriptor no name can be swapped."""
    return rrdtool(command, f"/proc/self/fd/{file}", keep=(file,))
