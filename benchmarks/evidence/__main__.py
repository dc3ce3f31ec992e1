"""Print what the evidence names first for each fault in each consumer; how often it is right."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from examples import postgres
from examples.processes import Processes

from .case import CASES, Case, Result, play

#: Seconds for one case, its start included.
TIMEOUT_SECONDS = 90.0


def main() -> int:
    """Play every case in a separate process; return 1 when fewer than 95 % are right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=4, help="cases that are played at once")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--dsn", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        result = play(CASES[options.case], options.dsn)
        print(json.dumps(result and asdict(result)), flush=True)
        return 0
    with _database() as dsns, ThreadPoolExecutor(options.at_once) as pool:
        numbers = [
            number for number, case in enumerate(CASES) if dsns is not None or case.needs != "dsn"
        ] * options.rounds
        jobs = [pool.submit(_apart, number, (dsns or {}).get(number, "")) for number in numbers]
        results = [(CASES[number], job.result()) for number, job in zip(numbers, jobs)]
    if dsns is None:
        print("PostgreSQL is not installed: its cases are left out")
    return _table(results)


@contextmanager
def _database() -> Iterator[dict[int, str] | None]:
    """Start PostgreSQL with a database for each case that wants one; yield their addresses."""
    if not postgres.installed():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="ev", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        processes = Processes(folder)
        server = postgres.Postgres(folder / "pg", processes)
        try:
            server.start()
            yield {
                number: server.create(f"case{number}")
                for number, case in enumerate(CASES) if case.needs == "dsn"
            }  # fmt: skip
        finally:
            processes.stop_all()


def _apart(number: int, dsn: str) -> Result | None:
    """Play a case in a separate process; None when nothing was named, or it did not end."""
    command = [sys.executable, "-m", "benchmarks.evidence", "--case", str(number), "--dsn", dsn]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"{CASES[number].name}: {error}: {str(error.stderr)[-300:]}", file=sys.stderr)
        return None
    fields = json.loads(done.stdout.splitlines()[-1])
    return Result(**fields) if fields else None


def _table(results: list[tuple[Case, Result | None]]) -> int:
    """Print a line for each case and the shares; return the exit code."""
    right = states_right = 0
    for case, result in results:
        good = result is not None and result.right(case)
        kind = result is not None and result.state_right(case)
        right, states_right = right + good, states_right + kind
        sentence = result.sentence if result else "nothing"
        mark = f"{'right' if good else 'WRONG'} {'' if kind else '(state not told) '}"
        print(f"{mark}{case.name}: {sentence}")
    print(
        f"The right frame first: {right} of {len(results)} ({right / len(results):.0%});"
        f" computing told from waiting: {states_right} of {len(results)}"
    )
    return 0 if right >= 0.95 * len(results) and states_right == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
