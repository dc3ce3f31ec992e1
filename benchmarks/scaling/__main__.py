"""``python -m benchmarks.scaling [COUNT …] [--seconds 60] [--write-after 1 30] [--level None]``."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .rig import INTERVAL, Rig


def main() -> None:
    """Print one line of JSON for each number of consumers and each batching."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--write-after",
        type=int,
        nargs="+",
        default=[1, 30],
        help="seconds that rrdcached waits before it writes; 1: no batching",
    )
    parser.add_argument(
        "--level",
        choices=["None", "Sign", "Encrypt"],
        default="",
        help="send by the network plugin to a second collectd, which stores",
    )
    arguments = parser.parse_args()
    if arguments.seconds < INTERVAL:
        parser.error(f"--seconds {arguments.seconds:g}: less than an interval, {INTERVAL} s")
    lines: list[dict[str, Any]] = []
    for count in arguments.counts:
        for write_after in arguments.write_after:
            # A socket's path holds 107 bytes at most.
            with tempfile.TemporaryDirectory(prefix="scale") as folder:
                rig = Rig(Path(folder), count, write_after, arguments.level)
                try:
                    rig.start()
                    time.sleep(2 * write_after)  # until each file has been written once
                    figures = {
                        "consumers": count,
                        "write_after": write_after,
                        "level": arguments.level,
                        **rig.measure(arguments.seconds),
                        **rig.dashboard(),
                        "load": os.getloadavg()[0],
                    }
                finally:
                    rig.processes.stop_all()
            lines.append(figures)
            print(
                json.dumps(
                    {
                        name: value if isinstance(value, str) else round(value, 1)
                        for name, value in figures.items()
                    }
                ),
                flush=True,
            )
    for line in ratios(lines):
        print(line)


def ratios(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield comparisons of one run's lines: growth, and what batching saves."""
    for first, last in (
        (line, later)
        for line in lines[:1]
        for later in lines[1:]
        if later["write_after"] == line["write_after"]
    ):
        times = last["consumers"] / first["consumers"]
        yield (
            f"{times:g} × the consumers: {last['writes/s'] / first['writes/s']:.1f} × the"
            f" writes, {last['dashboard MB'] / first['dashboard MB']:.1f} × the page's memory"
        )
    for earlier, later in zip(lines, lines[1:]):
        if earlier["consumers"] == later["consumers"]:
            yield (
                f"{earlier['consumers']} consumers, {later['write_after']} s of batching:"
                f" {later['writes/s'] / earlier['writes/s']:.2f} of the writes"
            )


if __name__ == "__main__":
    main()
