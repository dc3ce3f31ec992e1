"""Run with ``python -m benchmarks.diagnosis [--quick]``; prints the tables."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from multiprocessing.pool import Pool

from collectd_fedmsg.diagnosis import Baseline, diagnose

from . import report
from .creeping import creeping
from .judge import answers
from .quiet import KINDS, watch
from .settings import END, HOUR, Setting, baseline
from .simulator import history, run

#: Seeds looked at while the rules were written, and seeds (so daemons) that no rule was
#: changed for. Once one is, move this on.
DEVELOPED, HELD_OUT = 0, 8000
#: Daemons of the cost's measurement.
FLEET = 1000


def fleet_seconds() -> float:
    """Return CPU seconds for one evaluation of 1,000 daemons, each with its own six weeks."""
    setting = Setting(5.0, 2, 0.5, 10.0)
    columns, _ = run(setting.world(), HOUR, setting.step, 1)
    seen = history(columns, setting.step, END)
    week = baseline(setting.world(), setting.step, 2).hours
    hours = tuple(type(h)(**{**h.__dict__, "start": h.start - back * 7 * 86400})
                  for back in range(5, -1, -1) for h in week)
    daemons = [Baseline(hours) for _ in range(FLEET)]
    began = time.process_time()
    for usual in daemons:
        diagnose(seen, END, usual)
    return time.process_time() - began


def accuracy(pool: Pool, quick: bool) -> dict[str, float]:
    """Judge every scenario of known and of fresh daemons; return the figures with a goal."""
    size = 2 if quick else 20
    jobs = {title: pool.map_async(answers, range(first, first + size), chunksize=1)
            for title, first in (("developed on", DEVELOPED), ("held out", HELD_OUT))}
    known, fresh = ([a for one in job.get() for a in one] for job in jobs.values())
    report.accuracy("developed on", known)
    figures = report.accuracy("held out", fresh)
    report.scenarios(fresh)
    figures.update(report.numbers(fresh))
    report.wrong(known + fresh)
    return figures


def quiet(pool: Pool, quick: bool) -> dict[str, float]:
    """Watch daemons that are well."""
    days, shorter = (3.0, 1.0) if quick else (183.0, 10.0)
    jobs = [(kind, 40 + i, days, 60.0) for i, kind in enumerate(KINDS)]
    jobs += [(kind, 90 + i, shorter, 10.0) for i, kind in enumerate(("steady", "noisy", "topics"))]
    return {"alarms": report.false_alarms(pool.map(watch, jobs, chunksize=1))}


def creep(pool: Pool, quick: bool) -> dict[str, float]:
    """Let the time per message creep."""
    report.creeps(pool.map(creeping, range(100, 102 if quick else 120), chunksize=1))
    return {}


def cost(pool: Pool, quick: bool) -> dict[str, float]:
    """Evaluate 1,000 daemons on one core."""
    seconds = fleet_seconds()
    print(f"\n1,000 daemons, each with six weeks of baseline not looked at before: "
          f"{seconds:.2f} s of CPU")
    return {"fleet": seconds}


PARTS = {"cost": cost, "accuracy": accuracy, "quiet": quiet, "creep": creep}


def main() -> None:
    """Run everything: under a minute with ``--quick``, else under eight on two free cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 daemons a group, not 20")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this, or these")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    with multiprocessing.Pool(arguments.processes) as pool:
        for name in arguments.part or PARTS:
            figures.update(PARTS[name](pool, arguments.quick))
            sys.stdout.flush()
    report.goals(figures)


if __name__ == "__main__":
    main()
