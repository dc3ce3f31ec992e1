"""The arguments of ``rrdtool graph`` for one panel; pure. A path is data, never an expression."""

from __future__ import annotations

from pathlib import Path

from .figures import Panel
from .query import Window


def quoted(path: Path) -> str:
    """Return a file name as rrdgraph_data(1) wants it within a DEF: colons escaped."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def arguments(path: Path, panel: Panel, window: Window, width: int, height: int) -> list[str]:
    """Return the arguments of a PNG of ``width`` × ``height`` pixels, axes not counted."""
    highest = "MAX" if panel.band else "AVERAGE"
    drawn = [f"DEF:v={quoted(path)}:value:{highest}"]
    if panel.band:
        drawn += [f"DEF:low={quoted(path)}:value:MIN", "CDEF:band=v,low,-",
                  "LINE0:low", f"AREA:band{panel.colour}40::STACK"]
    unknown = ["CDEF:gap=v,UN,INF,UNKN,IF", "AREA:gap#88888830"]
    return ["--start", str(window.start), "--end", str(window.end), "--width", str(width),
            "--height", str(height), "--lower-limit", "0", "--border", "0",
            "--title", panel.title, "--vertical-label", panel.unit, *drawn, *unknown,
            f"LINE1.5:v{panel.colour}"]
