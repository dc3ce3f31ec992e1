"""EDGE files: ``collectd-fedmsg rewind``: let series go on after a clock was set back.

Run it with collectd stopped: collectd, too, takes nothing until the clock has passed what it has.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..names import printable
from ..reader.cursors import Cursors
from ..rrdcached import Rrdcached
from .rewind_dump import rewound


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


#: Seconds that rrdcached may take to write one file out.
PATIENCE = 30.0


def patterns(everything: bool) -> tuple[str, ...]:
    """Return which files of a host's folder: ours, or those of other plugins, too."""
    return ("*/*.rrd",) if everything else ("fedmsg-*/*.rrd", "collectd_fedmsg/*.rrd")


def rewind_all(options: argparse.Namespace, paths: Sequence[Path]) -> int:
    """Rewind those of the files that are ahead, and the plugin's cursors; say what came of it."""
    now = int(time.time())
    cache = Rrdcached(options.rrdcached) if options.rrdcached else None
    done = failed = 0
    if paths and not shutil.which("rrdtool"):
        print("rewind needs the rrdtool command: install the package rrdtool", file=sys.stderr)
        paths, failed = [], len(paths)
    for path in sorted(one.absolute() for one in paths):
        try:
            done += rewind(path, now, cache, options)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            failed += 1
            print(printable(f"{path}: {error}"), file=sys.stderr)
    if options.state_file and not options.dry_run:
        try:
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


def newest(path: Path, cache: Rrdcached | None) -> float:
    """Return when a file's newest sample is from (s), one that rrdcached still holds included.

    Raises:
        OSError, ValueError, SubprocessError: it could not be read.
    """
    held = cache.last(str(path), PATIENCE) if cache is not None else None
    return held if held is not None else float(_rrdtool("last", str(path)))


def rewind(path: Path, now: int, cache: Rrdcached | None, options: argparse.Namespace) -> bool:
    """Rewind one file when its newest sample is later than ``now``; return whether it was.

    Raises:
        OSError, ValueError, SubprocessError: it could not be read or written; it is as it was.
    """
    if newest(path, cache) <= now:
        return False
    if options.dry_run:
        print(printable(str(path)))
        return True
    if cache is not None:
        # What it holds would come after us; its journal learns that it was written, too.
        cache.let_go(str(path), PATIENCE)
    if options.backup:
        copy = options.backup / path.relative_to(options.data_dir.absolute())
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    beside, xml = path.with_suffix(".rewound"), path.with_suffix(".xml")
    try:
        xml.write_text(rewound(_rrdtool("dump", str(path)), now), "utf-8")
        _rrdtool("restore", "--force-overwrite", str(xml), str(beside))
        shutil.copystat(path, beside)
        owner = path.stat()
        shutil.chown(beside, owner.st_uid, owner.st_gid)
        beside.replace(path)
    finally:
        xml.unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
    return True


def _rrdtool(*words: str) -> str:
    done = subprocess.run(["rrdtool", *words], capture_output=True, text=True, check=False,  # noqa: S603, S607 - a list: no shell
                          timeout=60)  # fmt: skip
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"rrdtool ended with {done.returncode}")
    return done.stdout
