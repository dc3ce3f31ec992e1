"""What a page costs in headless Chromium: times in ms, CPU in ms, heap in MB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

#: 13 rows of panels are in view.
LARGE = {"width": 1600, "height": 3400}
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
#: After everything is visible, ms: what a page still does is counted as well.
REST = 2000
#: Notes when a number of panels has been painted (the frame after they are there has ended), the
#: long tasks and the layout shifts.
WATCH = """
(() => {
  window.watched = { visible: null, blocked: 0, longest: 0, shift: 0 };
  const look = () => {
    if (document.querySelectorAll(SELECTOR).length < COUNT) { requestAnimationFrame(look); return; }
    setTimeout(() => { watched.visible = performance.now(); });
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => {
    watched.blocked += Math.max(0, duration - 50);
    watched.longest = Math.max(watched.longest, duration);
  })).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => list.getEntries().forEach(({ value, hadRecentInput }) => {
    if (!hadRecentInput) watched.shift += value;
  })).observe({ type: "layout-shift", buffered: true });
  // What was drawn has been painted: the frame after it has begun and ended.
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    requestAnimationFrame(() => setTimeout(() => { watched.redrawn = performance.now(); }));
  }).observe(document.body, { attributeFilter: ["data-at", "data-painted"] }));
})();
"""


@dataclass(frozen=True)
class Cost:
    """First contentful paint and all panels visible (ms), main thread (ms), blocking time (ms),
    the longest task (ms), heap (MB), layout shift."""

    painted: float
    visible: float
    cpu: float
    blocked: float
    longest: float
    heap: float
    shift: float


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def wait(page: Page, condition: str, tries: int = 2000, pause: int = 10) -> None:
    """Poll every ``pause`` ms: what Playwright evaluates by itself the page's policy forbids."""
    for _ in range(tries):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(pause)
    raise TimeoutError(condition)


def metrics(session: CDPSession) -> dict[str, float]:
    """Return Chromium's own counters."""
    return {
        metric["name"]: metric["value"]
        for metric in session.send("Performance.getMetrics")["metrics"]
    }


def opened(
    browser: Browser,
    address: str,
    selector: str,
    count: int,
    *,
    throttle: float = 1,
    **options: object,
) -> tuple[Page, CDPSession, Cost]:
    """Open a page until ``count`` elements are painted, and rest; return what it cost.

    Args:
        browser, address: where.
        selector, count: what shows a panel, and how many of them.
        throttle: how much slower the processor is made.
        options: of the browser's context.
    """
    page = browser.new_context(**{"viewport": LARGE, **options}).new_page()
    session = page.context.new_cdp_session(page)
    # What the main thread computes, however busy the machine is with other things.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    if throttle > 1:
        session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.add_init_script(WATCH.replace("SELECTOR", repr(selector)).replace("COUNT", str(count)))
    page.goto(address)
    wait(page, "watched.visible !== null", 4000)
    page.wait_for_timeout(REST)
    cpu = metrics(session)["TaskDuration"] * 1000
    timings = page.evaluate(
        "({...watched, painted: performance.getEntriesByName("
        "'first-contentful-paint')[0].startTime})"
    )
    session.send("HeapProfiler.collectGarbage")
    heap = metrics(session)["JSHeapUsedSize"] / 1e6
    return (
        page,
        session,
        Cost(
            timings["painted"],
            timings["visible"],
            cpu,
            timings["blocked"],
            timings["longest"],
            heap,
            timings["shift"],
        ),
    )
