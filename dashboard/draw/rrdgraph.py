"""One panel as a PNG by ``rrdtool graph``, in the page's colours."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from collectd_fedmsg.errors import StoreError

from ..grid.absences import TOTAL
from ..store.base import Daemon, Ref
from ..store.rrd import RRDStore
from ..store.series import Window
from .panels import HISTORY, TOPICS, Panel
from .rrdgraph_lines import OTHER, Files, lines, needs, stack

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


def possible(panel: Panel, metrics: Collection[str], topics: Collection[str] = ()) -> bool:
    """Tell whether a daemon with these metrics has this panel."""
    if panel.stack:
        # Pictures are drawn of what was received by topic only.
        return panel is TOPICS and bool(topics)
    return all(name in metrics or HISTORY.get(name) in metrics for name in needs(panel))


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
        stack(files, dark) if panel.metric == TOPICS.metric else lines(panel, files, dark, highest)
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
