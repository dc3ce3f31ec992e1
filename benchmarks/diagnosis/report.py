"""Tables of what was right, by family; computes no verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from .evaluate import KINDS

Row = dict[str, Any]


def at(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie; nan without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def within(values: Sequence[float], limit: float) -> float:
    """Return the share of values not above ``limit``; nan without values."""
    return sum(v <= limit for v in values) / len(values) if values else float("nan")


def macro_f1(pairs: Counter[str]) -> float:
    """Return the mean F1 over the labels that were right at least once."""
    labels = {pair.split("|")[0] for pair in pairs}
    total = 0.0
    for label in labels:
        hit = pairs[f"{label}|{label}"]
        missed = sum(
            n
            for pair, n in pairs.items()
            if (pair.split("|")[0] == label) != (pair.split("|")[1] == label)
        )
        total += 2 * hit / (2 * hit + missed) if hit else 0.0
    return total / max(1, len(labels))


def _total(rows: Iterable[Row], judge: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row["counts"].get(judge, {}))
    return counts


def line(title: str, rows: Sequence[Row], judge: str = "") -> str:
    """Return one line of the table: shares of decidable samples in percent."""
    counts = _total(rows, judge)
    samples = sum(counts.values()) or 1
    shares = " ".join(f"{100 * counts[kind] / samples:7.1f}" for kind in KINDS)
    if judge:
        return f"{title:44} {len(rows):4} {samples:7} {shares}"
    delays = [x for row in rows for x in row["delays"]]
    known = [x for x in delays if x is not None]
    never = f"{len(delays) - len(known)}/{len(delays)}"
    hours = sum(row["hours"] for row in rows) or 1.0
    changes = sum(row["changes"] for row in rows) / hours
    return (
        f"{title:44} {len(rows):4} {samples:7} {shares} {at(known, 0.5):5.0f} "
        f"{at(known, 0.9):5.0f} {never:>8} {changes:6.2f}"
    )


HEAD = (
    f"{'family':44} {'runs':>4} {'samples':>7} "
    + " ".join(f"{k + ' %':>7}" for k in ("right", "unkn.", "missed", "stale", "wrong"))
    + "   p50   p90    never  chg/h"
)


def table(rows: Sequence[Row]) -> str:
    """Return the table by group and family, and the figures with a goal."""
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row["group"]][row["family"]].append(row)
    lines = [HEAD]
    for group, families in groups.items():
        lines.append(line(group.upper(), [r for by in families.values() for r in by]))
        if len(families) > 1:
            lines += [line(f"  {family}", by) for family, by in families.items()]
    lines += ["", line("ALL", rows)]
    for judge in next((list(row["counts"]) for row in rows), [])[1:]:
        lines.append(line(f"rival: {judge}", rows, judge))
    pairs: Counter[str] = Counter()
    for row in rows:
        pairs.update(row["pairs"])
    errors = [x for row in rows for x in row["drain_errors"]]
    in_bounds = [x for row in rows for x in row["drain_held"]]
    undecided = sum(row["undecided"] for row in rows)
    early = sum(row["early_wrong"] for row in rows)
    confused = ", ".join(
        f"{pair.replace('|', ' said ')} {n}"
        for pair, n in pairs.most_common()
        if pair.split("|")[0] != pair.split("|")[1]
    )
    lines += [
        "",
        f"macro-F1 {macro_f1(pairs):.3f}",
        f"time to drain: bounds hold {100 * sum(in_bounds) / max(1, len(in_bounds)):.1f} %"
        f" of {len(in_bounds)}; "
        f"given in {100 * len(errors) / max(1, len(in_bounds)):.1f} %: within 20 % "
        f"{100 * within(errors, 0.2):.1f} %, median error {100 * at(errors, 0.5):.1f} %",
        f"not decidable: {undecided} samples, a cause that never acted named in {early}",
        f"confusions (samples): {confused[:900]}",
    ]
    return "\n".join(lines)


def examples(rows: Sequence[Row], most: int = 60) -> str:
    """Return failing moments: the worst episodes of each family, first moments of each."""
    lines = []
    for row in sorted(rows, key=lambda r: -sum(r["counts"][""].get(k, 0) for k in KINDS[1:])):
        bad = {k: row["counts"][""].get(k, 0) for k in KINDS if row["counts"][""].get(k)}
        if set(bad) <= {"right"}:
            continue
        lines.append(f"{row['family']} seed {row['seed']}: {bad} delays {row['delays']}")
        lines += [
            f"    at {when:.0f} s: right {right}, said {verdict}: {text[:150]}"
            for when, right, verdict, text in row["examples"]
        ]
        if len(lines) > most:
            break
    return "\n".join(lines)
