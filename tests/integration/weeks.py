"""Weeks of a daemon's life as RRD files: office hours, and what the last hours bring."""

from __future__ import annotations

from datetime import datetime, timezone

import rrdtool

from collectd_fedmsg.metrics import BY_NAME, METRICS, Kind

#: Layouts of archives: (samples per row, rows). collectd's own, and a lean one that keeps
#: nothing finer than half an hour for long.
COLLECTD = ((1, 1200), (7, 1200), (50, 1200), (223, 1200), (2635, 1200))
LEAN = ((1, 1440), (30, 2100))
STEP = 60
HOST = "h1.example.org"


def moment(text: str) -> int:
    """Return epoch seconds of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def office(t: int) -> bool:
    """Tell whether it is Monday to Friday, 8 to 20 h."""
    at = datetime.fromtimestamp(t, timezone.utc)
    return at.weekday() < 5 and 8 <= at.hour < 20


def usual(t: int) -> tuple[float, float]:
    """Return messages/s that arrive, and seconds of work per message."""
    return (5.0 if office(t) else 0.0), 0.1


def live(
    root,
    end,
    *,
    days=29,
    host=HOST,
    service="hub",
    consumer="Archiver",
    flow=usual,
    layout=LEAN,
    step=STEP,
    topics=None,
    costs=None,
    upto=None,
):
    """Write a daemon's files: one worker; ``flow(t)`` gives arrivals/s and work per message.

    Args:
        root, end, days, host, service, consumer: where; until when, for how long; whose.
        flow: (messages/s, seconds per message) at t.
        layout, step: of the archives.
        topics: topic → share of the arrivals at t.
        costs: topic → seconds of work per message; then what ended and was worked, too, by topic.
        upto: the last sample; ``end`` when None.
    """
    begin = end // 3600 * 3600 - int(days * 86400)
    totals = dict.fromkeys(("received", "processed", "busy"), 0.0)
    lines = {name: [] for name in (*totals, "backlog", "workers")}
    marks = ("topic", "tdone", "tbusy") if costs else ("topic",)
    by_topic = {f"{mark}-{topic}": 0.0 for topic in topics or {} for mark in marks}
    lines.update({name: [] for name in by_topic})
    for t in range(begin, (end if upto is None else upto) + 1, step):
        arriving, work = flow(t)
        totals["received"] += arriving * step
        capacity = step / work
        done = min(capacity, totals["received"] - totals["processed"])
        totals["processed"] += done
        totals["busy"] += done * work * 1e6
        for name, value in totals.items():
            lines[name].append(f"{t}:{value:.0f}")
        lines["backlog"].append(f"{t}:{totals['received'] - totals['processed']:.0f}")
        lines["workers"].append(f"{t}:1")
        for topic, share in (topics or {}).items():
            by_topic[f"topic-{topic}"] += arriving * step * share(t)
            if costs:
                by_topic[f"tdone-{topic}"] += done * share(t)
                by_topic[f"tbusy-{topic}"] += done * share(t) * costs[topic] * 1e6
        for name, value in by_topic.items():
            lines[name].append(f"{t}:{value:.0f}")
    known = {metric.name: metric for metric in METRICS}
    for name, rows in lines.items():
        metric = known.get(name)
        file = (
            f"{metric.collectd_type}-{consumer}_{name}" if metric else f"derive-{consumer}_{name}"
        )
        path = root / host / f"fedmsg-{service}" / f"{file}.rrd"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = (BY_NAME[name].kind if metric else Kind.DERIVE).value
        archives = [
            f"RRA:{cf}:0.1:{per}:{count}"
            for per, count in layout
            for cf in ("AVERAGE", "MIN", "MAX")
        ]
        rrdtool.create(
            str(path),
            "-s",
            str(step),
            "-b",
            str(begin - step),
            f"DS:value:{kind}:{2 * step}:0:U",
            *archives,
        )
        for first in range(0, len(rows), 5000):
            rrdtool.update(str(path), *rows[first : first + 5000])
