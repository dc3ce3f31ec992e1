"""The page in headless Chromium, an earlier revision of it and uPlot: 39 panels of 13 daemons.

Cold, on a span switch, on live updates, on a phone with a quarter of the processor.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import rrdtool
from playwright.sync_api import Browser

from .api import DAEMONS, files, serving
from .browser import Cost, chromium, metrics, opened, wait
from .rivals import checkout, uplot

ROUNDS = 5
PANELS = 3 * DAEMONS
#: Live: s between samples, and how many updates are measured.
LIVE_STEP, UPDATES = 2, 10
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SVG, PLOTLY, CANVAS = ".panel .area path.line", ".panel .js-line", ".uplot canvas"
TITLES = ("painted", "visible", "CPU", "blocked", "longest", "heap", "shift")


@dataclass(frozen=True)
class Subject:
    """One page: its address, what shows that a panel is drawn, how its span is switched."""

    name: str
    address: str
    selector: str
    switch: str = "document.querySelector('button[value=day]').click()"


def cold(browser: Browser, subject: Subject) -> tuple[Cost, float]:
    """Return what opening costs, and ms from a click on another span until it is painted."""
    page, _, cost = opened(browser, subject.address, subject.selector, PANELS)
    page.evaluate("document.getElementById('live')?.click()")
    page.wait_for_timeout(300)
    page.evaluate(
        f"(() => {{ watched.redrawn = null; window.clicked = performance.now();"
        f" {subject.switch}; }})()"
    )
    wait(page, "watched.redrawn")
    milliseconds = page.evaluate("watched.redrawn - clicked")
    page.context.close()
    return cost, float(milliseconds)


def phone(browser: Browser, subject: Subject) -> Cost:
    """Return what opening costs where the processor is a quarter as fast; three panels count."""
    page, _, cost = opened(browser, subject.address, subject.selector, 3, throttle=4, **PHONE)
    page.context.close()
    return cost


@contextmanager
def growing(root: Path) -> Iterator[None]:
    """Make files that get a sample every LIVE_STEP seconds while the block lasts."""
    end = int(time.time()) // LIVE_STEP * LIVE_STEP
    paths, stop = [path for path, _ in files(root, end, LIVE_STEP, 1800)], threading.Event()

    def feed() -> None:
        moment = end
        while not stop.wait(max(0.0, moment + LIVE_STEP - time.time())):
            moment += LIVE_STEP
            for path in paths:
                rrdtool.update(path, f"{moment}:{(moment - end + 1800) * 9}")

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def live(browser: Browser, address: str, selector: str) -> float:
    """Return the main thread's ms for one live update of all panels."""
    page, session, _ = opened(browser, address, selector, PANELS)
    redraws = "Number(document.body.dataset.drawn || 0)"
    first = page.evaluate(redraws)
    wait(page, f"{redraws} > {first}")
    begun, cpu = page.evaluate(redraws), metrics(session)["TaskDuration"]
    # Seldom: what is evaluated here is counted as the page's own time.
    wait(page, f"{redraws} >= {begun + UPDATES}", 400, 500)
    seconds = (metrics(session)["TaskDuration"] - cpu) / (page.evaluate(redraws) - begun)
    page.context.close()
    return seconds * 1000


def middle(costs: list[Cost]) -> list[float]:
    """Return the median of each figure."""
    return [
        statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)
    ]


def show(name: str, numbers: list[float]) -> None:
    """Print a line of figures."""
    print(
        f"{name:34}"
        + "".join(f"{number:9.2f}" if number < 10 else f"{number:9.0f}" for number in numbers),
        flush=True,
    )


def main(root: Path, revision: str = "", package: Path | None = None) -> None:
    """Print medians of ROUNDS; ``revision``: one more page; ``package``: the npm package uplot."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        codes: dict[str, Path | None] = {"this page": None}
        if revision:
            (folder / "code").mkdir()
            codes[f"page of {revision}"] = checkout(revision, folder / "code")
        selectors = {name: PLOTLY if code else SVG for name, code in codes.items()}
        ports = {
            name: stack.enter_context(serving(root, code=code)) for name, code in codes.items()
        }
        subjects = [
            Subject(name, f"http://127.0.0.1:{port}/?span=hour&large=1", selectors[name])
            for name, port in ports.items()
        ]
        if package is not None:
            (folder / "uplot").mkdir()
            address = stack.enter_context(uplot(package, ports["this page"], folder / "uplot"))
            subjects.append(Subject("uPlot", address, CANVAS, "location.hash = 'day'"))
        browser = stack.enter_context(chromium())
        print(f"load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} in ms, heap in MB")
        print(" " * 34 + "".join(f"{title:>9}" for title in TITLES))
        report(browser, subjects)
        (folder / "live").mkdir()
        stack.enter_context(growing(folder / "live"))
        for name, code in codes.items():
            with serving(folder / "live", "--interval", str(LIVE_STEP), code=code) as port:
                show(
                    f"{name}, CPU of a live update",
                    [live(browser, f"http://127.0.0.1:{port}/?span=now&large=1", selectors[name])],
                )


def report(browser: Browser, subjects: list[Subject]) -> None:
    """Print the cold figures, the span switch and the phone of each, taken in turn."""
    cold_costs: dict[str, list[tuple[Cost, float]]] = {subject.name: [] for subject in subjects}
    small: dict[str, list[Cost]] = {subject.name: [] for subject in subjects}
    turns: list[Callable[[Subject], None]] = [
        lambda subject: cold_costs[subject.name].append(cold(browser, subject)),
        lambda subject: small[subject.name].append(phone(browser, subject)),
    ]
    for _ in range(ROUNDS):
        for turn in turns:
            for subject in subjects:
                turn(subject)
    for name, costs in cold_costs.items():
        show(f"{name}, 39 panels", middle([cost for cost, _ in costs]))
    for name, costs in cold_costs.items():
        show(f"{name}, other span", [statistics.median(milliseconds for _, milliseconds in costs)])
    for name, cheap in small.items():
        show(f"{name}, phone", middle(cheap))
