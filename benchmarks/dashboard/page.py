"""The page in headless Chromium: 39 panels × 360 points, cold, and on a span switch."""

from __future__ import annotations

import statistics
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from .api import serving

ROUNDS = 5
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
PANELS = "document.querySelectorAll('.panel .scatterlayer .trace path.js-line').length"


#: Notes when what was drawn has been painted: the frame after the drawing has begun and ended.
PAINTED = """
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  requestAnimationFrame(() => setTimeout(() => {
    document.body.dataset.painted = String(performance.now()); }));
}).observe(document.body, { attributeFilter: ["data-drawn"] }));
"""


def wait(page: Page, condition: str) -> None:
    """Poll: what Playwright evaluates by itself the page's policy forbids."""
    for _ in range(2000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    raise TimeoutError(condition)


def main(root: Path) -> None:
    """Print medians and minima in ms, from navigation or click to all panels painted."""
    cold, switch = [], []
    with serving(root) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for _ in range(ROUNDS):
            context = browser.new_context(viewport={"width": 1600, "height": 3400})
            page = context.new_page()
            page.add_init_script(PAINTED)
            page.goto(f"http://127.0.0.1:{port}/?span=hour")
            wait(page, f"{PANELS} >= 39 && document.body.dataset.painted")
            cold.append(float(page.evaluate("Number(document.body.dataset.painted)")))
            page.evaluate("document.getElementById('live').checked = false")
            page.wait_for_timeout(500)
            before = page.evaluate("document.body.dataset.painted")
            page.evaluate("(window.clicked = performance.now(),"
                          "document.querySelector('button[value=day]').click())")
            wait(page, f"document.body.dataset.painted !== '{before}'")
            switch.append(float(page.evaluate("document.body.dataset.painted - window.clicked")))
            context.close()
        browser.close()
    for name, times in (("39 panels, cold", cold), ("39 panels, switch", switch)):
        print(f"{name:20} {statistics.median(times):8.0f} ms  (least {min(times):.0f} ms)")
