"""Print a Grafana dashboard of every metric in ``metrics.py``, as write_prometheus names them.

Knows nothing of verdicts: Grafana draws, the judging is the dashboard's and the alerts'.
``python packaging/grafana/make_dashboard.py > packaging/grafana/fedmsg-queues.json``
"""

from __future__ import annotations

import json
from typing import Any

from collectd_fedmsg_dashboard.store.prometheus import FAMILIES

from collectd_fedmsg.metrics import METRICS, PLUGIN, Kind, Metric

FAMILY = {collectd_type: name for name, collectd_type in FAMILIES.items()}
#: Grafana's names of units; of a total, those of its rate.
UNITS = {"messages": "short", "seconds": "s", "threads": "short", "microseconds": "short"}
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT, COLUMNS = 8, 8, 3


def expression(metric: Metric) -> str:
    """Return PromQL of one metric by host, service and consumer; no topic's series."""
    chosen = (
        f'{FAMILY[metric.collectd_type]}{{instance=~"$host",{PLUGIN}=~"$service",'
        f'type=~"[^-]+_{metric.name}"}}'
    )
    if metric.kind is Kind.GAUGE:
        return f"max by (instance, {PLUGIN}, type) ({chosen})"
    whole = f"sum by (instance, {PLUGIN}, type) (rate({chosen}[$__rate_interval]))"
    return f"{whole} / 1e6" if metric.unit == "microseconds" else whole


def panel(number: int, metric: Metric) -> dict[str, Any]:
    """Return one panel; missing values stay missing."""
    title = metric.name.replace("_", " ")
    unit = UNITS[metric.unit]
    if metric.kind is Kind.DERIVE:
        title += ", workers" if metric.unit == "microseconds" else " per second"
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "description": metric.help,
        "datasource": SOURCE,
        "gridPos": {
            "x": number % COLUMNS * WIDTH,
            "y": number // COLUMNS * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "fieldConfig": {
            "defaults": {"unit": unit, "min": 0, "custom": {"spanNulls": False}},
            "overrides": [],
        },
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "expr": expression(metric),
                "legendFormat": f"{{{{instance}}}} {{{{{PLUGIN}}}}} {{{{type}}}}",
            }
        ],
    }


def variable(name: str, query: str) -> dict[str, Any]:
    """Return a variable that lists what the server knows, all of it at first."""
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def dashboard() -> dict[str, Any]:
    """Return the whole document."""
    known = FAMILY["queue_length"]
    first = ("received", "processed", "backlog")
    ordered = sorted(
        METRICS, key=lambda metric: first.index(metric.name) if metric.name in first else 3
    )
    return {
        "uid": "fedmsg-queues",
        "title": "fedmsg queues",
        "tags": ["fedmsg"],
        "schemaVersion": 36,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus"},
                variable("host", f"label_values({known}, instance)"),
                variable("service", f'label_values({known}{{instance=~"$host"}}, {PLUGIN})'),
            ]
        },
        "panels": [panel(number, metric) for number, metric in enumerate(ordered)],
    }


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=1))
