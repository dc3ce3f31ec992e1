"""A picture of the page as it is at the end of a phase."""

from __future__ import annotations

from pathlib import Path

from .stage import Stage

BROWSER = "/usr/bin/chromium"


def take(folder: Path, stage: Stage, phase: str) -> None:
    """Write ``folder/<phase>.png``, once the panels are drawn."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only for pictures

    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{stage.chain.url}/?start={stage.since}&end=now")
        # A line of zeros has no height, so it never counts as visible.
        page.wait_for_selector(".panel .area path.line", state="attached", timeout=60_000)
        page.wait_for_timeout(1500)  # a picture, not a test: let the last row be drawn
        path = folder / f"{phase.replace(' ', '-')}.png"
        page.screenshot(path=str(path), full_page=True)
        browser.close()
    stage.tell(f"  picture: {path}")
