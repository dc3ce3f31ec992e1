"""Every daemon's newest samples for Prometheus, text format 0.0.4; totals stay totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collectd_fedmsg.metrics import METRICS, Kind

from ..judge.fleet_rows import PATIENCE
from ..store.base import Daemon, Store

PREFIX = "fedmsg"
#: collectd's ``busy`` is in µs; Prometheus wants base units.
BASE = {"messages": ("messages", 1.0), "microseconds": ("seconds", 1e-6),
        "seconds": ("seconds", 1.0), "threads": ("threads", 1.0)}


def family(name: str, unit: str, kind: Kind) -> str:
    """Return Prometheus' name of a metric, e.g. ``fedmsg_received_messages_total``."""
    return f"{PREFIX}_{name}_{BASE[unit][0]}" + ("_total" if kind is Kind.DERIVE else "")


def quoted(text: str) -> str:
    """Return a label's value in quotes, escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def exposition(store: Store, daemons: Mapping[str, Daemon], rows: Iterable[Mapping[str, Any]],
               now: float, interval: int) -> str:
    """Return the text: each known, fresh value; what is stale is left out, never repeated.

    Raises:
        StoreError: the store cannot answer.
    """
    labels = {name: ",".join(f"{key}={quoted(getattr(one, key))}"
                             for key in ("host", "service", "consumer"))
              for name, one in daemons.items()}
    store.prepare([ref for one in daemons.values() for ref in one.files.values()])
    lines: list[str] = []
    for metric in METRICS:
        name, factor = family(metric.name, metric.unit, metric.kind), BASE[metric.unit][1]
        kind = "counter" if metric.kind is Kind.DERIVE else "gauge"
        lines += [f"# HELP {name} {metric.help}.", f"# TYPE {name} {kind}"]
        for which, daemon in daemons.items():
            ref = daemon.files.get(metric.name)
            last = store.newest(ref) if ref is not None else None
            if last is not None and now - last[0] <= PATIENCE * interval:
                lines.append(f"{name}{{{labels[which]}}} {last[1] * factor:.15g}")
    lines += [f"# HELP {PREFIX}_severity Severity of the verdict: 0 (well) to 3 (look now).",
              f"# TYPE {PREFIX}_severity gauge"]
    lines += [f"{PREFIX}_severity{{{labels[row['id']]},verdict={quoted(row['state'])}}} "
              f"{row['severity']}" for row in rows if row["id"] in labels]
    return "\n".join(lines) + "\n"
