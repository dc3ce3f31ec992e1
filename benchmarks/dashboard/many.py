"""A thousand daemons: the first list, the list, what one view needs, everything, the first view.

Each has three series and an hour of samples; the page is opened once all are judged.
"""

from __future__ import annotations

import http.client
import tempfile
import time
from pathlib import Path

import orjson
import psutil
import rrdtool
from playwright.sync_api import Page

from .api import METRICS, STEP, serving
from .browser import chromium, metrics, opened, wait

COUNT = 1000
PANELS = ".panel .area path.line"


def files(root: Path) -> None:
    """Make an hour of samples of each: one in fifty falls behind, the others keep up."""
    end = int(time.time()) // STEP * STEP
    times = range(end - 3600, end + 1, STEP)
    for number in range(COUNT):
        folder = root / f"h{number % 100:02d}" / "fedmsg-hub"
        folder.mkdir(parents=True, exist_ok=True)
        for metric, (kind, source, _) in METRICS.items():
            path = str(folder / f"{kind}-C{number}_{metric}.rrd")
            rrdtool.create(
                path,
                "-s",
                str(STEP),
                "-b",
                str(times[0] - STEP),
                f"DS:value:{source}:{2 * STEP}:0:U",
                *[f"RRA:{c}:0.1:1:400" for c in ("AVERAGE", "MIN", "MAX")],
            )
            behind = number % 50 == 0
            values = {"received": 3, "processed": 2 if behind else 3, "backlog": int(behind)}
            rrdtool.update(path, *[f"{t}:{(t - end + 3600) * values[metric]}" for t in times])


def first(link: http.client.HTTPConnection) -> None:
    """Print how soon a server just started answers, and how soon with verdicts."""
    began, first_answer = time.perf_counter(), 0.0
    while True:
        link.request("GET", "/api/v1/daemons")
        reading = orjson.loads(link.getresponse().read())["reading"]
        milliseconds = (time.perf_counter() - began) * 1000
        first_answer = first_answer or milliseconds
        if not reading:
            break
        time.sleep(0.02)
    print(f"server's start: first answer {first_answer:.0f} ms, all judged {milliseconds:.0f} ms")


def scrolled(page: Page) -> None:
    """Scroll through all rows, as fast as they are drawn."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 2000):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(50)
    wait(page, f"[...document.querySelectorAll('.row')].at(-1).querySelector('{PANELS}')")


def panned(page: Page) -> float:
    """Return ms from an arrow key on a panel until the next frame is painted."""
    page.evaluate("[...document.querySelectorAll('.row')].at(-1).querySelector('.panel').focus()")
    page.wait_for_timeout(500)
    page.evaluate("""(() => addEventListener("keydown", () => {
        const begun = performance.now();
        requestAnimationFrame(() => setTimeout(() => { window.took = performance.now() - begun; }));
    }, { capture: true, once: true }))()""")
    page.keyboard.press("ArrowLeft")
    wait(page, "window.took !== undefined")
    return float(page.evaluate("took"))


def main() -> None:
    """Print times in ms and the server's memory."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files(root)
        with serving(root) as port:
            link = http.client.HTTPConnection("127.0.0.1", port)

            def get(name: str, path: str, rounds: int = 5) -> None:
                times, size = [], 0
                for _ in range(rounds):
                    began = time.perf_counter()
                    link.request("GET", path)
                    size = len(link.getresponse().read())
                    times.append((time.perf_counter() - began) * 1000)
                print(
                    f"{name:28} first {times[0]:7.0f} ms  least {min(times):6.1f} ms  {size:9,d} B"
                )

            first(link)
            get("1,000 daemons, list", "/api/v1/daemons")
            ids = [f"h{n % 100:02d}/hub/C{n}" for n in range(COUNT)]
            for count in (13, COUNT):
                query = "&".join(f"daemon={name}" for name in ids[:count])
                get(f"{count} daemons, series, hour", f"/api/v1/series?span=hour&{query}")
            with chromium() as browser:
                page, session, cost = opened(
                    browser,
                    f"http://127.0.0.1:{port}/",
                    PANELS,
                    3,
                    viewport={"width": 1440, "height": 900},
                )
                print(
                    f"first view {cost.visible:.0f} ms, longest task {cost.longest:.0f} ms,"
                    f" heap {cost.heap:.1f} MB"
                )
                scrolled(page)
                session.send("HeapProfiler.collectGarbage")
                print(
                    f"scrolled through: {page.locator('.panel svg.area').count()} panels held,"
                    f" heap {metrics(session)['JSHeapUsedSize'] / 1e6:.1f} MB, longest task"
                    f" {page.evaluate('watched.longest'):.0f} ms, an arrow key"
                    f" {panned(page):.0f} ms"
                )
            served = [p for p in psutil.Process().children() if "serve" in " ".join(p.cmdline())]
            print(f"memory of the server {max(p.memory_info().rss for p in served) / 1e6:.0f} MB")
