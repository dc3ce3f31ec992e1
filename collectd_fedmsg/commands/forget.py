"""``collectd-fedmsg forget``: delete the stored series of daemons that are gone for good.

Refuses series with a recent sample, and to follow links.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..config_values import duration
from ..files import file_beneath, folder_beneath, real_path
from ..humanize import duration as words
from ..metrics import PLUGIN, parse_instance
from ..names import unescape, visible
from ..rrdcached import Rrdcached
from .options import checked
from .rewind import RRDCACHED_SECONDS, newest

#: Seconds without a sample, unless another span is given.
WEEK = 7 * 86400.0


@dataclass(frozen=True)
class Series:
    """One file of ours and its subject; ``topic`` is None for series of the whole consumer."""

    path: Path
    host: str
    service: str
    consumer: str
    topic: str | None


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("forget", help="delete the series of retired daemons")
    parser.add_argument("data_dir", type=Path, help="collectd's folder of RRD files")
    for name in ("host", "service", "consumer", "topic"):
        parser.add_argument(f"--{name}", metavar="PATTERN", help=f"only matching {name}s")
    parser.add_argument(
        "--older",
        type=checked(duration(3600.0)),
        default=WEEK,
        metavar="SPAN",
        help="only without a sample for this time (7d)",
    )
    parser.add_argument("--rrdcached", default="", help="unix:/path of collectd's rrdcached")
    parser.add_argument("--dry-run", action="store_true", help="name the files, delete nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Delete; 0 when every selected file is gone, 1 when one is in use or could not be."""
    if not any((options.host, options.service, options.consumer, options.topic)):
        print("forget: say what: --host, --service, --consumer or --topic", file=sys.stderr)
        return 2
    try:
        options.data_dir = real_path(options.data_dir)
        chosen = [series for series in stored(options.data_dir) if _meant(series, options)]
    except OSError as error:
        print(f"{options.data_dir}: {error.strerror}", file=sys.stderr)
        return 1
    if not chosen:
        print("forget: nothing is stored of that", file=sys.stderr)
        return 1
    cache = Rrdcached(options.rrdcached) if options.rrdcached else None
    now, gone, failed, alive = time.time(), 0, 0, dict[str, float]()
    for series in chosen:
        try:
            age = _forget(series.path, now, cache, options)
        except (OSError, ValueError) as error:
            failed += 1
            print(visible(f"{series.path}: {error}"), file=sys.stderr)
            continue
        if age is None:
            gone += 1
        else:
            name = f"{series.host}/{series.service}/{series.consumer}"
            alive[name] = min(age, alive.get(name, age))
    for name, age in alive.items():
        print(visible(f"{name}: has a sample of {words(age)} ago, kept"), file=sys.stderr)
    print(f"{gone} files {'would be deleted' if options.dry_run else 'deleted'}, {failed} failed")
    return 1 if failed or alive else 0


def stored(data_dir: Path) -> Iterator[Series]:
    """Yield our series below a folder.

    Raises:
        OSError: the folder cannot be listed.
    """
    for host in sorted(data_dir.iterdir()):
        for path in sorted(host.glob(f"{PLUGIN}-*/*.rrd")):
            kind, _, instance = path.stem.partition("-")
            identity = parse_instance(kind, instance)
            if identity is not None:
                service = unescape(path.parent.name.removeprefix(f"{PLUGIN}-"))
                yield Series(path, host.name, service, identity.consumer, identity.topic)


def _meant(series: Series, options: argparse.Namespace) -> bool:
    if options.topic is not None and series.topic is None:
        return False
    return all(
        fnmatchcase(getattr(series, name) or "", getattr(options, name) or "*")
        for name in ("host", "service", "consumer", "topic")
    )


def _forget(
    path: Path, now: float, cache: Rrdcached | None, options: argparse.Namespace
) -> float | None:
    """Delete a file; return the age (s) of its newest sample when it is kept instead."""
    relative = path.relative_to(options.data_dir)
    with folder_beneath(options.data_dir, relative.parent) as folder:
        with file_beneath(folder, path.name) as file:
            age = now - newest(path, file, cache)
        if age < options.older:
            return max(0.0, age)
        if options.dry_run:
            print(visible(str(path)))
            return None
        if cache is not None:
            cache.let_go(str(path), RRDCACHED_SECONDS)
        os.unlink(path.name, dir_fd=folder)
    for inner in (relative.parent, relative.parent.parent):
        with (
            suppress(OSError),  # others are left in it
            folder_beneath(options.data_dir, inner.parent) as outer,
        ):
            os.rmdir(inner.name, dir_fd=outer)
    return None
