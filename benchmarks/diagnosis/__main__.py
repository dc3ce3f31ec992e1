"""Run with ``python -m benchmarks.diagnosis [--quick]``; prints the tables.

``--results FILE`` keeps each finished episode as a line of JSON; what is there is not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from . import creeping, fleets, report, three_series, well
from .cost import fleet_seconds
from .episodes import Episode
from .evaluate import evaluate
from .other_traffic import ALL_FAMILIES

#: First seed and episodes a family of a plain run.
FIRST, SEEDS, QUICK = 1, 10, 2
Families = Mapping[str, Sequence[Callable[[int], Episode]]]


def rows(families: Families, results: Path | None, seeds: range, only: str) -> Iterator[report.Row]:
    """Yield one row an episode, those of the file first."""
    done: dict[tuple[str, int], report.Row] = {}
    if results and results.exists():
        for text in results.read_text().splitlines():
            row = json.loads(text)
            done[row["maker"], row["seed"]] = row
    for group, makers in families.items():
        for place, make in enumerate(makers):
            for seed in seeds:
                maker = f"{group}/{place}"
                if only and only not in group and only not in make(seed).family:
                    continue
                row = done.get((maker, seed))
                if row is None:
                    row = {"maker": maker, **evaluate(group, make(seed)).to_dict()}
                    if results:
                        with results.open("a") as file:
                            file.write(json.dumps(row) + "\n")
                yield row


def watches(results: Path | None, first: int, units: int) -> Iterator[report.Row]:
    """Yield one row a unit of a well daemon's days, those of the file as they are there."""
    done: dict[tuple[str, int], report.Row] = {}
    if results and results.exists():
        for text in results.read_text().splitlines():
            row = json.loads(text)
            done[row["kind"], row["number"]] = row
    for number in range(first, first + units):
        for kind in well.KINDS:
            row = done.get((kind, number))
            if row is None:
                row = well.watch(kind, number).to_dict()
                if results:
                    with results.open("a") as file:
                        file.write(json.dumps(row) + "\n")
            yield row


def _fleets(first: int, count: int) -> Iterator[report.Row]:
    for make in fleets.SCENARIOS:
        for seed in range(first, first + count):
            yield fleets.evaluate_fleet(make(seed)).to_dict()


def main() -> None:
    """Judge the episodes and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} episodes a family")
    parser.add_argument("--seeds", metavar="FIRST-LAST", help="which draws of each family")
    parser.add_argument("--family", default="", help="only those with this in their name")
    parser.add_argument("--results", type=Path, help="keep finished episodes in this file")
    parser.add_argument("--examples", action="store_true", help="also print what went wrong")
    parser.add_argument(
        "--well",
        type=int,
        metavar="UNITS",
        default=0,
        help=f"instead watch well daemons, {well.DAYS} days a unit of each kind",
    )
    parser.add_argument(
        "--fleets",
        type=int,
        metavar="N",
        default=0,
        help="instead judge what heads the page, N fleets of each scenario",
    )
    parser.add_argument(
        "--creep",
        type=int,
        metavar="RUNS",
        default=0,
        help="instead let service times creep up for days",
    )
    parser.add_argument(
        "--three-series",
        action="store_true",
        help="instead a broker's queues, without busy and service time",
    )
    arguments = parser.parse_args()
    first, last = FIRST, FIRST + (QUICK if arguments.quick else SEEDS) - 1
    if arguments.seeds:
        first, last = (int(x) for x in arguments.seeds.split("-"))
    if arguments.well:
        units = _counted(watches(arguments.results, first, arguments.well), "units")
        print(well.table(units))
        if arguments.examples:
            print(well.examples(units))
        return
    if arguments.fleets:
        print(fleets.table(_counted(_fleets(first, arguments.fleets), "fleets")))
        return
    if arguments.creep:
        seeds = range(first, first + arguments.creep)
        print(
            creeping.table(_counted((creeping.creeping(seed).to_dict() for seed in seeds), "runs"))
        )
        return
    families: Families = three_series.FAMILIES if arguments.three_series else ALL_FAMILIES
    seeds = range(first, last + 1)
    units = _counted(rows(families, arguments.results, seeds, arguments.family), "episodes")
    print(report.table(units))
    if arguments.examples:
        print(report.examples(units))
    print(f"1,000 daemons, each with six weeks of baseline: {fleet_seconds():.2f} s of CPU")


def _counted(results: Iterator[report.Row], unit: str) -> list[report.Row]:
    collected = []
    for row in results:
        collected.append(row)
        if sys.stderr.isatty():
            print(f"\r{len(collected)} {unit}", end="", file=sys.stderr, flush=True)
    return collected


if __name__ == "__main__":
    main()
