"""Tables of the answers; computes no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .creeping import Creeping
from .judge import Answer
from .quiet import Watch
from .rivals import RIVALS
from .score import Score, at, within

OURS = "this diagnosis"
#: The scenarios that a magnitude changes by itself.
GROWTH = ("surge", "slow", "both", "one topic slow", "dearer mix")
CAUSES = {"SURGE", "SLOW", "STALLED"}
MONTH = 30.44


def _score(answers: Iterable[Answer], judge: str) -> Score:
    score = Score()
    for a in answers:
        score.add(a.right, a.said if judge == OURS else a.rivals[judge])
    return score


def accuracy(title: str, answers: Sequence[Answer]) -> dict[str, float]:
    """Print how often each judge is right; return the figures that have a goal."""
    decided = [a for a in answers if a.decided]
    early = [a for a in answers if not a.decided]
    print(f"\n## {title}: {len({a.seed for a in answers})} daemons, {len(decided)} decidable cases")
    judges = (OURS, *RIVALS)
    sizes = (1.2, 2.0, 8.0, 20.0)
    print(f"{'':18} macro-F1  right   of growth, by magnitude: "
          + " ".join(f"{m:>6}×" for m in sizes))
    for judge in judges:
        score = _score(decided, judge)
        row = [_score([a for a in decided if a.name in GROWTH and a.magnitude == m], judge)
               for m in sizes]
        print(f"{judge:18} {score.macro_f1():8.3f} {score.accuracy():6.3f} {'':28}"
              + " ".join(f"{s.accuracy():7.3f}" for s in row))
    causes = [a for a in decided if a.right <= CAUSES]
    right = _score(causes, OURS).accuracy()
    print(f"cause right in {len(causes)} cases of surge, slow and stalled: {right:.4f}")
    wrong = sum(not a.correct for a in early)
    print(f"not decidable by theory: {len(early)} cases; another cause guessed in {wrong}")
    return {"f1": _score(decided, OURS).macro_f1(), "cause": right}


def scenarios(answers: Sequence[Answer]) -> None:
    """Print a row per scenario and spoilt telemetry."""
    print(f"\n{'scenario':44} cases decidable  right  samples after decidable: median, 90 %")
    rows: dict[str, list[Answer]] = {}
    for a in answers:
        rows.setdefault(a.name + (f" ({a.spoil})" if a.spoil else ""), []).append(a)
    for name, found in rows.items():
        decided = [a for a in found if a.decided]
        delays = [float(a.delay) for a in found if a.delay is not None]
        share = sum(a.correct for a in decided) / len(decided) if decided else float("nan")
        late = f"{at(delays, 0.5):6.0f} {at(delays, 0.9):6.0f}" if delays else ""
        print(f"{name:44} {len(found):5} {len(decided):9} {share:6.3f}  {late}")


def numbers(answers: Sequence[Answer]) -> dict[str, float]:
    """Print delays, the split's and the drain's errors and the cost; return those with a goal."""
    delays = [float(a.delay) for a in answers if a.delay is not None]
    never = sum(a.decided and not a.correct for a in answers)
    split = [a.split_error for a in answers if a.split_error is not None]
    drain = [a.drain_error for a in answers if a.drain_error is not None]
    rival = [a.rival_drain_error for a in answers if a.rival_drain_error is not None]
    cost = [a.cost for a in answers]
    print(f"\nverdict within 3 samples of decidable: {within(delays, 3):.3f} of {len(delays)}; "
          f"median {at(delays, 0.5):.0f}, 90 % {at(delays, 0.9):.0f}; wrong at the end: {never}")
    for name, errors, limit in (("split, points", [100 * e for e in split], 10.0),
                                ("time to drain, %", [100 * e for e in drain], 20.0),
                                ("  backlog × service, %", [100 * e for e in rival], 20.0)):
        print(f"error of {name:24} median {at(errors, 0.5):7.2f}  95 % {at(errors, 0.95):7.2f}  "
              f"within {limit:.0f}: {within(errors, limit):.3f} of {len(errors)}")
    by = {m: [100 * a.split_error for a in answers if a.split_error is not None
              and a.magnitude == m] for m in (1.2, 2.0, 8.0, 20.0)}
    print("  split, 95 %, by magnitude: " + ", ".join(
        f"{m}× {at(e, 0.95):.1f}" for m, e in by.items() if e))
    by = {m: [100 * a.drain_error for a in answers if a.drain_error is not None
              and a.magnitude == m] for m in (1.2, 2.0, 8.0, 20.0)}
    print("  drain, 95 %, by magnitude: " + ", ".join(
        f"{m}× {at(e, 0.95):.1f}" for m, e in by.items() if e))
    print(f"cost of a verdict, the hour's baseline looked up anew: median "
          f"{1000 * at(cost, 0.5):.2f} ms, 95 % {1000 * at(cost, 0.95):.2f} ms")
    return {"delay": within(delays, 3), "split": within(split, 0.1), "drain": within(drain, 0.2)}


def wrong(answers: Iterable[Answer]) -> None:
    """Print what was said where something else was right."""
    found = Counter(f"{a.name}{' (' + a.spoil + ')' if a.spoil else ''} {a.magnitude}×: said "
                    f"{a.said}" + ("" if a.decided else ", not decidable") for a in answers
                    if not a.correct)
    for what, count in found.most_common(20):
        print(f"  wrong {count}: {what}")


def false_alarms(watched: Iterable[Watch]) -> float:
    """Print the alarms of well daemons; return them per daemon-month."""
    watched = list(watched)
    days = sum(w.days for w in watched)
    alarms: Counter[str] = Counter()
    for w in watched:
        alarms.update(w.alarms)
    count = sum(alarms.values())
    # Poisson, 95 %: with none seen, up to 3 were possible (rule of three).
    most = 3.0 if not count else count + 1.645 * count ** 0.5 + 1.7
    print(f"\nfalse alarms: {count} in {days / 365.25:.2f} daemon-years, every sample judged: "
          f"{count / days * 365.25:.2f} a daemon-year (95 %: below {most / days * 365.25:.2f}), "
          f"{count / days * MONTH:.3f} a daemon-month")
    by: dict[str, list[str]] = {}
    for what, n in alarms.items():
        by.setdefault(": ".join(what.split(": ")[:2]), []).extend([what] * n)
    for kind, found in sorted(by.items()):
        print(f"  {len(found)} {kind}, as in: {found[0][:150]}")
    return count / days * MONTH


def creeps(found: Sequence[Creeping]) -> None:
    """Print how long before saturation a creep is said."""
    leads = [c.lead for c in found if c.lead is not None]
    errors = [100 * c.date_error for c in found if c.date_error is not None]
    print(f"\ncreep of 1 % or 0.3 % an hour: said before saturation in {len(leads)} of "
          f"{len(found)}; "
          f"hours before: median {at(leads, 0.5):.0f}, least {at(leads, 0.0):.0f}; "
          f"date wrong by {at(errors, 0.5):.0f} % of the time left (median), "
          f"{at(errors, 0.95):.0f} % (95 %); after saturation: "
          + ", ".join(f"{k} {n}" for k, n in Counter(c.later for c in found).items()))


#: The goals of the issue: figure, what it is, whether it shall be at least (1) or below (-1).
GOALS = (("f1", "macro-F1, at least", 1, 0.97), ("cause", "cause right, at least", 1, 0.99),
         ("delay", "share of verdicts within 3 samples of decidable, at least", 1, 0.99),
         ("split", "share of splits within 10 points, at least", 1, 0.99),
         ("drain", "share of times to drain within 20 %, at least", 1, 0.99),
         ("alarms", "false alarms a daemon-month, at most", -1, 1.0),
         ("fleet", "CPU seconds for 1,000 daemons, at most", -1, 1.0))


def goals(figures: dict[str, float]) -> None:
    """Print each goal of the issue that was measured and whether it is met."""
    print()
    for name, what, sign, goal in GOALS:
        if name in figures:
            met = sign * figures[name] >= sign * goal
            print(f"{'met   ' if met else 'MISSED'} {what} {goal:g}: {figures[name]:.4g}")
