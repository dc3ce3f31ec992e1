"""Run with ``python -m benchmarks.diagnosis [--quick]``; prints the tables."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from multiprocessing import Pool

from collectd_fedmsg.diagnosis import Baseline, diagnose

from . import report
from .creeping import creeping
from .judge import answers
from .quiet import KINDS, watch
from .settings import END, HOUR, Setting, baseline
from .simulator import history, run

#: Seeds looked at while the rules were written, and seeds (so daemons) that no rule was
#: changed for. Once one is, move this on.
DEVELOPED, HELD_OUT = 0, 3000
#: Daemons of the cost's measurement.
FLEET = 1000


def fleet_seconds() -> float:
    """Return what one evaluation of 1,000 daemons costs, each with its own six weeks' baseline."""
    setting = Setting(5.0, 2, 0.5, 10.0)
    columns, _ = run(setting.world(), HOUR, setting.step, 1)
    seen = history(columns, setting.step, END)
    week = baseline(setting.world(), setting.step, 2).hours
    hours = tuple(type(h)(**{**h.__dict__, "start": h.start - back * 7 * 86400})
                  for back in range(5, -1, -1) for h in week)
    daemons = [Baseline(hours) for _ in range(FLEET)]
    began = time.perf_counter()
    for usual in daemons:
        diagnose(seen, END, usual)
    return time.perf_counter() - began


def _jobs(quick: bool) -> tuple[Sequence[int], Sequence[int], list[tuple[str, int, float, float]],
                                Sequence[int]]:
    if quick:
        return (range(DEVELOPED, DEVELOPED + 2), range(HELD_OUT, HELD_OUT + 2),
                [(kind, 40 + i, 3.0, 60.0) for i, kind in enumerate(KINDS)], range(2))
    watches = [(kind, 10 * year + i, 183.0, 60.0) for year in (4,) for i, kind in enumerate(KINDS)]
    watches += [(kind, 90 + i, 10.0, 10.0) for i, kind in enumerate(("steady", "noisy", "topics"))]
    return (range(DEVELOPED, DEVELOPED + 20), range(HELD_OUT, HELD_OUT + 20), watches, range(20))


def main() -> None:
    """Run everything: under a minute with ``--quick``, else under eight on two free cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 daemons a group, not 20")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    known, fresh, watches, creep_seeds = _jobs(arguments.quick)
    fleet = fleet_seconds()
    with Pool(arguments.processes) as pool:
        # The longest jobs first, so that both cores end together.
        watched = pool.map_async(watch, watches, chunksize=1)
        crept = pool.map_async(creeping, creep_seeds, chunksize=1)
        groups = {title: pool.map_async(answers, seeds, chunksize=1)
                  for title, seeds in (("developed on", known), ("held out", fresh))}
        found = {title: [a for one in group.get() for a in one] for title, group in groups.items()}
        alarms, dooms = watched.get(), crept.get()
    report.accuracy("developed on", found["developed on"])
    figures = report.accuracy("held out", found["held out"])
    report.scenarios(found["held out"])
    figures.update(report.numbers(found["held out"]))
    for group in found.values():
        report.wrong(group)
    figures["alarms"] = report.false_alarms(alarms)
    report.creeps(dooms)
    figures["fleet"] = fleet
    print(f"1,000 daemons, each with six weeks of baseline not looked at before: {fleet:.2f} s")
    report.goals(figures)


if __name__ == "__main__":
    main()
