"""Run with ``python -m benchmarks.diagnosis [--quick]``; prints the tables."""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable

from collectd_fedmsg.diagnosis import Baseline, Diagnosis, History, Restart, diagnose
from collectd_fedmsg.diagnosis.baseline import Hour

from .rivals import RIVALS
from .scenarios import SECONDS, Scenario, Setting, scenarios
from .simulator import World, constant, history, run

END = 1_000_080_000.0  # a whole hour
DEVELOPED = (Setting(5, 1, 0.4, 10), Setting(10, 4, 0.6, 10))
#: Other loads, steps and seeds, ρ = 0.9 and a quiet daemon among them. No rule was changed for
#: what went wrong here alone; once one is, choose new settings.
HELD_OUT = (Setting(0.5, 1, 0.3, 60), Setting(50, 16, 0.7, 5), Setting(8, 2, 0.9, 10),
            Setting(0.05, 1, 0.2, 10))
MAGNITUDES = (1.2, 2.0, 8.0, 20.0)


def baseline(setting: Setting, seed: int, heavy: bool = False) -> Baseline:
    """Return a week that repeats four simulated hours of the undisturbed daemon."""
    world = World(constant(setting.rate), constant(setting.service), constant(setting.workers),
                  heavy=heavy)
    columns = run(world, 5 * SECONDS, setting.step, seed)
    found = Baseline().add(history(columns, setting.step, END - 7 * 86400)).hours
    hours = [Hour(**{**found[i % len(found)].__dict__, "start": END - (i + 2) * 3600})
             for i in range(7 * 24)]
    return Baseline(tuple(hours))


def spoil(columns: dict[str, list[float]], how: str, step: float, seed: int) -> History:
    """Return the history as the store would hold it under a fault of the telemetry."""
    rng = random.Random(seed)
    lost: dict[str, list[float | None]] = {n: list(c) for n, c in columns.items()}
    size = len(lost["received"])
    if how == "missing":
        gone = [i for i in range(size) if rng.random() < 0.2]
        for column in lost.values():
            for i in gone:
                column[i] = None
    if how in ("silent", "down"):
        for column in lost.values():
            column[-6:] = [None] * 6
    if how == "frozen":
        for name, column in lost.items():
            flow = name in ("received", "processed", "failed", "busy")
            column[-6:] = [0.0 if flow else column[-7]] * 6
    if how == "three":
        lost = {n: lost[n] for n in ("received", "processed", "backlog")}
    more: dict[str, object] = {"observable": how != "blocking", "alive": how != "down"}
    if how == "restart":
        more["restarts"] = (Restart(END - 60, 12.0),)
    return history(lost, step, END, **more)  # type: ignore[arg-type]


class Score:
    """Counts of right and wrong answers of one judge."""

    def __init__(self) -> None:
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, right: Iterable[str], said: str) -> None:
        """Count one answer; where several are right, the one said, else the most severe."""
        right = sorted(right)
        self.pairs[(said if said in right else next(
            (r for r in right if r != "OK"), right[0]), said)] += 1

    def accuracy(self) -> float:
        """Return the share of right answers."""
        return sum(n for (r, s), n in self.pairs.items() if r == s) / max(1, self.pairs.total())

    def macro_f1(self) -> float:
        """Return the mean F1 over the labels that occur."""
        labels = {r for r, _ in self.pairs}
        total = 0.0
        for label in labels:
            hit = self.pairs[(label, label)]
            wrong = sum(n for (r, s), n in self.pairs.items() if (r == label) != (s == label))
            total += 2 * hit / (2 * hit + wrong) if hit else 0.0
        return total / max(1, len(labels))


class Report:
    """All scores of one group of settings."""

    def __init__(self) -> None:
        self.scores: dict[str, Score] = defaultdict(Score)
        self.by_magnitude: dict[float, Score] = defaultdict(Score)
        self.causes = Score()
        self.wrong: Counter[tuple[str, float, str]] = Counter()
        self.delay: list[float] = []
        self.split_error: list[float] = []
        self.drain_error: list[float] = []
        self.cost: list[float] = []

    def case(self, scenario: Scenario, setting: Setting, seed: int, usual: Baseline) -> None:
        """Simulate and judge one case."""
        columns = run(scenario.world, SECONDS, setting.step, seed)
        seen = spoil(columns, scenario.spoil, setting.step, seed)
        began = time.perf_counter()
        verdict = diagnose(seen, END, usual)
        self.cost.append(time.perf_counter() - began)
        said = verdict.verdict.name
        self.scores["this diagnosis"].add(scenario.right, said)
        if scenario.name in ("surge", "slow", "both"):
            self.by_magnitude[scenario.magnitude].add(scenario.right, said)
        if scenario.right <= {"SURGE", "SLOW", "STALLED"}:
            self.causes.add(scenario.right, said)
        if said not in scenario.right:
            self.wrong[(scenario.name, scenario.magnitude, said)] += 1
        for name, rule in RIVALS.items():
            self.scores[name].add(scenario.right, rule(seen, setting.rate, setting.service))
        self._numbers(scenario, setting, seen, verdict, usual)

    def _numbers(self, scenario: Scenario, setting: Setting, seen: History, verdict: Diagnosis,
                 usual: Baseline) -> None:
        said = verdict.verdict.name
        if scenario.share is not None and said in ("SURGE", "SLOW") and verdict.split:
            self.split_error.append(abs((verdict.split.surge_share or 0.0) - scenario.share))
        if said == "RECOVERING" == min(scenario.right) and verdict.drain:
            pace = (setting.workers / setting.service) - setting.rate
            true = (seen.backlog[-1] or 0.0) / pace
            self.drain_error.append(abs(verdict.drain.seconds / true - 1))
        if "OK" not in scenario.right and not scenario.spoil and said in scenario.right:
            first = int(scenario.start / setting.step)
            for i in range(first + 1, len(seen) + 1):
                part = seen.upto(i)
                if diagnose(part, part.end, usual).verdict.name in scenario.right:
                    self.delay.append(i - first)
                    break

    def show(self, title: str) -> None:
        """Print the tables."""
        def middle(values: list[float], share: float = 0.5) -> str:
            return f"{sorted(values)[int(share * (len(values) - 1))]:.3g}" if values else "-"
        cases = self.scores["this diagnosis"].pairs.total()
        print(f"\n{title}: {cases} cases")
        for name, score in self.scores.items():
            print(f"  {name:18} macro-F1 {score.macro_f1():.3f}  accuracy {score.accuracy():.3f}")
        print(f"  cause right (surge, slow, stalled) {self.causes.accuracy():.3f}")
        for size, score in sorted(self.by_magnitude.items()):
            print(f"  {size:>4}×: accuracy {score.accuracy():.3f}")
        print(f"  samples from fault to verdict: median {middle(self.delay)}, "
              f"90 % {middle(self.delay, 0.9)}")
        print(f"  split error: 95 % {middle(self.split_error, 0.95)}")
        print(f"  drain error: median {middle(self.drain_error)}, 95 % "
              f"{middle(self.drain_error, 0.95)} of {len(self.drain_error)}")
        print(f"  cost: median {float(middle(self.cost)) * 1000:.3g} ms")
        for (name, size, said), n in self.wrong.most_common(15):
            print(f"    wrong {n:4}: {name} {size}× said {said}")


def false_alarms(setting: Setting, hours: int, seed: int) -> tuple[int, float]:
    """Return (separate alarms, daemon-hours) of an undisturbed daemon."""
    usual = baseline(setting, seed)
    world = World(constant(setting.rate), constant(setting.service), constant(setting.workers))
    columns = run(world, hours * SECONDS, setting.step, seed + 1)
    size, alarms, was = int(SECONDS / setting.step), 0, False
    for stop in range(size, len(columns["received"]) + 1, 3):
        part = {n: c[stop - size:stop] for n, c in columns.items()}
        bad = diagnose(history(part, setting.step, END), END, usual).severity > 0
        alarms += bad and not was
        was = bad
    return alarms, hours - 1


def main() -> None:
    """Run everything within a few minutes; ``--quick`` within one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 seeds instead of 20")
    parser.add_argument("--seconds", type=float, default=600, help="stop starting cases after")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    for title, settings, base in (("developed on", DEVELOPED, 0), ("held out", HELD_OUT, 5000)):
        report = Report()
        # Seeds outermost: a run cut by its deadline still covers every scenario.
        for seed in range(base, base + (2 if arguments.quick else 20)):
            for number, setting in enumerate(settings):
                plain, heavy = (baseline(setting, seed + 900, h) for h in (False, True))
                for place, scenario in enumerate(scenarios(setting, MAGNITUDES)):
                    if time.monotonic() < deadline:
                        report.case(scenario, setting, seed * 1000 + number * 100 + place,
                                    heavy if scenario.world.heavy else plain)
        report.show(title)
    alarms = hours = 0.0
    for setting in (*DEVELOPED, HELD_OUT[2], HELD_OUT[3]):
        found, watched = false_alarms(setting, 7 if arguments.quick else 49, 77)
        alarms, hours = alarms + found, hours + watched
    print(f"\nfalse alarms: {alarms:.0f} in {hours / 24:.1f} daemon-days "
          f"(= {alarms / hours * 730:.2f} a daemon-month)")


if __name__ == "__main__":
    main()
