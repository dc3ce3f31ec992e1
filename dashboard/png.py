"""A panel as PNG by ``rrdtool graph``: finds its files and has the store draw them."""

from __future__ import annotations

from pathlib import Path

from collectd_fedmsg.errors import StoreError

from .draw import rrdgraph as pictures
from .draw.panels import HISTORY, TOPICS, Panel
from .grid.absences import TOTAL
from .store.base import Daemon, Ref
from .store.rrd import RRDStore
from .web.query import Window


def refs(daemon: Daemon, panel: Panel) -> dict[str, Ref]:
    """Return the series that a panel is drawn from, by metric or, of topics, by topic."""
    if panel is TOPICS:
        return dict(daemon.topics)
    names = [*pictures.needs(panel), *panel.also, TOTAL]
    names += [HISTORY[name] for name in names if name in HISTORY]
    return {name: daemon.files[name] for name in names if name in daemon.files}


def draw(store: RRDStore, daemon: Daemon, panel: Panel, window: Window, *, width: int,
         height: int, dark: bool = False) -> bytes:
    """Return a panel's PNG of ``width`` × ``height`` pixels, axes not counted.

    Raises:
        StoreError: the store cannot answer.
    """
    used = refs(daemon, panel)
    store.prepare(used.values())
    paths = {name: store.path(ref) for name, ref in used.items()}
    if panel is TOPICS:
        files = pictures.Files({}, _busiest(store, used, paths, window))
    else:
        files = pictures.Files(paths)

    def by(highest: str) -> bytes:
        return store.graph(pictures.arguments(
            f"{daemon.consumer}: {panel.title}", panel, files, window, width=width,
            height=height, dark=dark, highest=highest), used.values())
    try:
        return by("MAX")
    except StoreError as error:
        # Files of other hands may hold averages only.
        if "does not contain" not in str(error):
            raise
        return by("AVERAGE")


def _busiest(store: RRDStore, used: dict[str, Ref], paths: dict[str, Path],
             window: Window) -> list[tuple[str, Path]]:
    def received(topic: str) -> float:
        series = store.fetch(used[topic], "AVERAGE", window.start, window.end, window.resolution)
        return sum(value or 0.0 for value in series.points)
    ranked = sorted(used, key=received, reverse=True)
    # What the daemon itself lumps together comes last.
    ranked.sort(key=lambda topic: topic == pictures.OTHER)
    return [(topic, paths[topic]) for topic in ranked]
