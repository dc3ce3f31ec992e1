"""What changed in a daemon: a version, a restart, or a deployment that somebody noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .about import About

#: Kinds of changes, the most telling first.
VERSION, DEPLOY, RESTART = KINDS = ("version", "deploy", "restart")
#: Characters of a change's text.
MAX_TEXT = 200


class Change(NamedTuple):
    """One change; ``time``: epoch seconds at which the new code began to run.

    ``text``: what changed, for a sentence: ``datanommer.consumer 1.4.2 → 1.5.0``.
    """

    time: float
    kind: str
    text: str


def changes_between(before: About, after: About, started: float) -> tuple[Change, ...]:
    """Return what differs between two runs of a daemon; a restart where nothing else does.

    Args:
        before, after: what each run said; what one of them did not say is not compared.
        started: of the later run, epoch seconds.
    """
    texts: list[str] = []
    old = {row.distribution: row.version for row in before.releases or ()}
    for row in after.releases or ():
        version = old.get(row.distribution, row.version)
        text = f"{row.distribution} {version} → {row.version}"
        if version != row.version and text not in texts:
            texts.append(text)
    if before.python and after.python and before.python != after.python:
        texts.append(f"Python {before.python} → {after.python}")
    if not texts:
        return (Change(started, RESTART, "restart"),)
    return tuple(Change(started, VERSION, text[:MAX_TEXT]) for text in texts)


def newest_first(changes: Sequence[Change]) -> list[Change]:
    """Return changes by time, the newest first; at the same time the most specific kind first."""
    return sorted(changes, key=lambda change: (-change.time, KINDS.index(change.kind)))
