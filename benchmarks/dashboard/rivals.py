"""What the page is compared with: an earlier state of it, and uPlot drawing the same panels."""

from __future__ import annotations

import http.client
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

from .api import DAEMONS

#: Three panels a daemon as the page shows them: received, processed, backlog with its lower bound.
UPLOT = """<!doctype html><meta charset="utf-8"><title>uPlot</title>
<link rel="stylesheet" href="uPlot.min.css"><style>
body { font: 15px sans-serif; margin: 0 20px } main { display: grid; gap: 10px 20px;
  grid-template-columns: repeat(3, minmax(0, 1fr)) } .panel { height: 150px }
</style><main></main><script src="uPlot.iife.min.js"></script><script>
const draw = async () => {
  const body = await (await fetch(location.hash ? "day.json" : "hour.json")).json();
  const main = document.querySelector("main"), made = [];
  main.replaceChildren();
  const times = [];
  for (let t = body.start + body.step; t <= body.end; t += body.step) times.push(t);
  for (const { series } of body.daemons) for (const [name, stroke] of [["received", "#0072b2"],
      ["processed", "#008f68"], ["backlog", "#d55e00"]]) {
    const panel = main.appendChild(document.createElement("div"));
    panel.className = "panel";
    made.push([panel, series[name], stroke]);
  }
  const width = made[0][0].clientWidth;
  for (const [panel, points, stroke] of made) new uPlot({ width, height: 128,
    legend: { show: false }, series: [{}, { stroke, fill: stroke + "1f", width: 1.5 }] },
    [times, points], panel);
  setTimeout(() => { document.body.dataset.painted = performance.now(); });
};
draw(); addEventListener("hashchange", draw);
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


@contextmanager
def uplot(package: Path, port: int, folder: Path) -> Iterator[str]:
    """Serve a page of uPlot with the series that our server answers; yields its address.

    Args:
        package: the folder of the npm package ``uplot``.
        port: of our server.
        folder: where to put the page.
    """
    link = http.client.HTTPConnection("127.0.0.1", port)
    ids = "&".join(f"daemon=h/hub/C{n}" for n in range(DAEMONS))
    for span in ("hour", "day"):
        link.request("GET", f"/api/v1/series?{ids}&span={span}")
        (folder / f"{span}.json").write_bytes(link.getresponse().read())
    for name in ("uPlot.iife.min.js", "uPlot.min.css"):
        (folder / name).write_bytes((package / "dist" / name).read_bytes())
    (folder / "index.html").write_text(UPLOT, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def checkout(revision: str, folder: Path) -> Path:
    """Unpack a revision of this repository; returns a folder to serve it from."""
    packed = subprocess.run(
        ["git", "archive", revision, "dashboard", "collectd_fedmsg"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder)
    (folder / "collectd_fedmsg_dashboard").symlink_to("dashboard")
    return folder
