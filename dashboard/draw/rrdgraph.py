"""The arguments of ``rrdtool graph`` for one panel. A path or a name is data, never RPN."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.metrics import BY_NAME, Kind

from ..grid.absences import TOTAL
from ..grid.derived import DERIVED
from ..store.base import Daemon, Ref
from ..store.rrd import RRDStore
from ..store.series import Window
from .panels import ALSO_COLOURS, HISTORY, PALETTE, POLL, TOPIC_COLOURS, TOPICS, Panel

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
LIGHT = {
    "BACK": "#ffffff",
    "CANVAS": "#ffffff",
    "FONT": "#121b26",
    "AXIS": "#9aa5b1",
    "ARROW": "#ffffff",
    "GRID": "#e8ecf1",
    "MGRID": "#d9dfe6",
    "FRAME": "#9aa5b1",
}
DARK = {
    "BACK": "#151c25",
    "CANVAS": "#151c25",
    "FONT": "#e7edf4",
    "AXIS": "#52606e",
    "ARROW": "#151c25",
    "GRID": "#222c37",
    "MGRID": "#2a3542",
    "FRAME": "#52606e",
}


@dataclass(frozen=True)
class Files:
    """What a picture is made from: files by metric and by topic, the busiest topic first."""

    metrics: Mapping[str, Path]
    topics: Sequence[tuple[str, Path]] = ()


def needs(panel: Panel) -> tuple[str, ...]:
    """Return the metrics that a panel cannot be drawn without."""
    return DERIVED[panel.metric].needs if panel.metric in DERIVED else (panel.metric,)


def possible(panel: Panel, metrics: Collection[str], topics: Collection[str] = ()) -> bool:
    """Tell whether a daemon with these metrics has this panel."""
    if panel.stack:
        # Pictures are drawn of what was received by topic only.
        return panel is TOPICS and bool(topics)
    return all(name in metrics or HISTORY.get(name) in metrics for name in needs(panel))


def quoted(path: Path) -> str:
    """Return a file name as rrdgraph_data(1) wants it within a DEF: colons escaped."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def label(text: str) -> str:
    """Return a name as a legend: nothing in it is a directive (rrdgraph_graph(1))."""
    return text.replace("\\", "/").replace(":", "\\:")[:60]


def arguments(
    title: str,
    panel: Panel,
    files: Files,
    window: Window,
    *,
    width: int,
    height: int,
    dark: bool = False,
    highest: str = "MAX",
) -> list[str]:
    """Return the arguments of a PNG.

    Args:
        title: written above it.
        panel, files, window: what, from which files, when.
        width, height: pixels, axes not counted.
        dark: for a dark ground.
        highest: the consolidation of gauges; AVERAGE for files that have no MAX.
    """
    colours = [
        part
        for name, value in (DARK if dark else LIGHT).items()
        for part in ("--color", f"{name}{value}")
    ]
    drawn = (
        _stack(files, dark)
        if panel.metric == TOPICS.metric
        else _lines(panel, files, dark, highest)
    )
    return [
        "--start",
        str(window.start),
        "--end",
        str(window.end),
        "--width",
        str(width),
        "--height",
        str(height),
        "--lower-limit",
        "0",
        "--border",
        "0",
        "--slope-mode",
        "--disable-rrdtool-tag",
        "--font",
        "DEFAULT:8:sans-serif",
        *colours,
        "--title",
        title,
        "--vertical-label",
        panel.unit,
        *drawn,
    ]


def _lines(panel: Panel, files: Files, dark: bool, highest: str) -> list[str]:
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


def _stack(files: Files, dark: bool) -> list[str]:
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


def refs(daemon: Daemon, panel: Panel) -> dict[str, Ref]:
    """Return the series that a panel is drawn from, by metric or, of topics, by topic."""
    if panel is TOPICS:
        return dict(daemon.topics)
    names = [*needs(panel), *panel.also, TOTAL]
    names += [HISTORY[name] for name in names if name in HISTORY]
    return {name: daemon.files[name] for name in names if name in daemon.files}


def draw(
    store: RRDStore,
    daemon: Daemon,
    panel: Panel,
    window: Window,
    *,
    width: int,
    height: int,
    dark: bool = False,
) -> bytes:
    """Return a panel's PNG of ``width`` × ``height`` pixels, axes not counted.

    Raises:
        StoreError: the store cannot answer.
    """
    used = refs(daemon, panel)
    store.prepare(used.values())
    paths = {name: store.path(ref) for name, ref in used.items()}
    files = Files({}, _busiest(store, used, paths, window)) if panel is TOPICS else Files(paths)

    def by(highest: str) -> bytes:
        return store.graph(
            arguments(
                f"{daemon.consumer}: {panel.title}",
                panel,
                files,
                window,
                width=width,
                height=height,
                dark=dark,
                highest=highest,
            ),
            used.values(),
        )

    try:
        return by("MAX")
    except StoreError as error:
        # Files of other hands may hold averages only.
        if "does not contain" not in str(error):
            raise
        return by("AVERAGE")


def _busiest(
    store: RRDStore, used: dict[str, Ref], paths: dict[str, Path], window: Window
) -> list[tuple[str, Path]]:
    def received(topic: str) -> float:
        series = store.fetch(used[topic], "AVERAGE", window.start, window.end, window.resolution)
        return sum(value or 0.0 for value in series.points)

    ranked = sorted(used, key=received, reverse=True)
    # What the daemon itself lumps together comes last.
    ranked.sort(key=lambda topic: topic == OTHER)
    return [(topic, paths[topic]) for topic in ranked]
