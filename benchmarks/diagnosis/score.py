"""Counts of right and wrong answers; knows nothing of queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


class Score:
    """Answers of one judge."""

    def __init__(self) -> None:
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, right: Iterable[str], said: str) -> None:
        """Count one answer; where several are right, under the one said, else under the gravest."""
        labels = sorted(right)
        self.pairs[(said if said in labels else next(
            (r for r in labels if r not in ("OK", "IDLE")), labels[0]), said)] += 1

    def accuracy(self) -> float:
        """Return the share of right answers, 0 to 1."""
        return sum(n for (r, s), n in self.pairs.items() if r == s) / max(1, self.pairs.total())

    def macro_f1(self) -> float:
        """Return the mean F1 over the labels that were right at least once."""
        labels = {r for r, _ in self.pairs}
        total = 0.0
        for label in labels:
            hit = self.pairs[(label, label)]
            wrong = sum(n for (r, s), n in self.pairs.items() if (r == label) != (s == label))
            total += 2 * hit / (2 * hit + wrong) if hit else 0.0
        return total / max(1, len(labels))


def at(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie; nan without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def within(values: Sequence[float], limit: float) -> float:
    """Return the share of values not above ``limit``; nan without values."""
    return sum(v <= limit for v in values) / len(values) if values else float("nan")
