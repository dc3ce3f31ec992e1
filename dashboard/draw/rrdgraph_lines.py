"""What ``rrdtool graph`` draws of one panel: variables, lines and areas. A path or a name is data,
never RPN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectd_fedmsg.metrics import BY_NAME, Kind

from ..grid.absences import TOTAL
from ..grid.derived import DERIVED
from .panels import ALSO_COLOURS, HISTORY, PALETTE, POLL, TOPIC_COLOURS, Panel

#: The topic of all that are not among the daemon's busiest.
OTHER = "other"
#: Derived quantities over variables named as the metrics are; unknown where nothing can be told.
RPN = {
    "utilisation": "workers,0,GT,busy,workers,1000000,*,/,UNKN,IF",
    "service_time": "processed,0,GT,busy,1000000,/,processed,/,UNKN,IF",
}
LABELS = {
    "service_p50": "median",
    "service_p95": "95 %",
    "service_p99": "99 %",
    "service_max": "longest",
}


@dataclass(frozen=True)
class Files:
    """What a picture is made from: files by metric and by topic, the busiest topic first."""

    metrics: Mapping[str, Path]
    topics: Sequence[tuple[str, Path]] = ()


def needs(panel: Panel) -> tuple[str, ...]:
    """Return the metrics that a panel cannot be drawn without."""
    return DERIVED[panel.metric].needs if panel.metric in DERIVED else (panel.metric,)


def quoted(path: Path) -> str:
    """Return a file name as rrdgraph_data(1) wants it within a DEF: colons escaped."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def label(text: str) -> str:
    """Return a name as a legend: nothing in it is a directive (rrdgraph_graph(1))."""
    return text.replace("\\", "/").replace(":", "\\:")[:60]


def lines(panel: Panel, files: Files, dark: bool, highest: str) -> list[str]:
    """Return a panel's line with its band and further lines; ``highest``: a gauge's CF."""
    colour = PALETTE[panel.colour][dark]
    named = f":{LABELS.get(panel.metric, panel.title)}" if panel.also else ""
    if panel.metric in RPN:
        drawn = [argument for name in needs(panel) for argument in _define(name, files, "AVERAGE")]
        drawn.append(f"CDEF:shown={RPN[panel.metric]}")
    else:
        drawn = _define(panel.metric, files, _highest(panel.metric, highest))
        drawn += _measured(panel.metric, files)
    drawn += _gap("shown")
    if panel.band and highest != "AVERAGE":
        drawn += [
            f"DEF:lowest={quoted(files.metrics[panel.metric])}:value:MIN",
            "CDEF:low=shown,UN,UNKN,lowest,IF",
            "CDEF:band=shown,low,-",
            f"AREA:low{colour}20",
            f"AREA:band{colour}50::STACK",
        ]
    elif not panel.also:
        drawn.append(f"AREA:shown{colour}20")
    drawn.append(f"LINE1.5:shown{colour}{named}")
    for name, hue in zip(panel.also, ALSO_COLOURS):
        if name in files.metrics:
            drawn += [
                *_define(name, files, _highest(name, highest)),
                f"LINE1:{name}{PALETTE[hue][dark]}:{LABELS[name]}",
            ]
    return drawn


def _measured(metric: str, files: Files) -> list[str]:
    """Return what shows a gauge only where the daemon was there: see ``bridged.py``.

    rrdgraph cannot look ahead, so the step in which it was back is left out as well.
    """
    path = files.metrics.get(TOTAL)
    if path is None or BY_NAME[metric].kind is Kind.DERIVE:
        return [f"CDEF:shown={metric}"]
    return [
        f"DEF:total={quoted(path)}:value:AVERAGE",
        # Unknown until the first total: what is older has none beside it.
        "CDEF:began=total,UN,PREV,1,IF",
        f"CDEF:shown=began,UN,0,total,UN,IF,UNKN,{metric},IF",
    ]


def _gap(variable: str) -> list[str]:
    """Return what tints the time in which a variable is unknown, whatever the scale."""
    return [f"CDEF:gap={variable},UN,INF,UNKN,IF", "AREA:gap#5b587622"]


def _highest(metric: str, highest: str) -> str:
    return "AVERAGE" if BY_NAME[metric].kind is Kind.DERIVE else highest


def _define(metric: str, files: Files, cf: str) -> list[str]:
    """Return the definition of a variable named as the metric; old files fill in before it."""
    path, old = files.metrics.get(metric), files.metrics.get(HISTORY.get(metric, ""))
    if old is None:
        return [f"DEF:{metric}={quoted(path)}:value:{cf}"] if path else []
    before = [f"DEF:polled={quoted(old)}:value:AVERAGE", f"CDEF:before=polled,{POLL},/"]
    if path is None:
        return [*before, f"CDEF:{metric}=before"]
    return [
        *before,
        f"DEF:since={quoted(path)}:value:{cf}",
        f"CDEF:{metric}=since,UN,before,since,IF",
    ]


def stack(files: Files, dark: bool) -> list[str]:
    """Return topics on top of each other, the busiest on the ground."""
    drawn = [f"DEF:any={quoted(files.topics[0][1])}:value:AVERAGE", *_gap("any")]
    own = [topic for topic in files.topics if topic[0] != OTHER][: len(TOPIC_COLOURS) - 1]
    for number, (name, path) in enumerate(own):
        colour = PALETTE[TOPIC_COLOURS[number]][dark]
        drawn += [
            f"DEF:t{number}={quoted(path)}:value:AVERAGE",
            f"AREA:t{number}{colour}:{label(name)}\\l" + (":STACK" if number else ""),
        ]
    rest = files.topics[len(own) :]
    if rest:
        drawn += [
            f"DEF:r{number}={quoted(path)}:value:AVERAGE" for number, (_, path) in enumerate(rest)
        ]
        total = ",".join(["r0", *(f"r{n},ADDNAN" for n in range(1, len(rest)))])
        colour = PALETTE[TOPIC_COLOURS[-1]][dark]
        drawn += [
            f"CDEF:rest={total}",
            f"AREA:rest{colour}:all others\\l" + (":STACK" if own else ""),
        ]
    return drawn
