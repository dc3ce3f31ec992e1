"""A page left open: hundreds of updates in real Chromium, and its memory."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("playwright.sync_api")

from tests.integration.test_page_chromium import (  # noqa: F401 - fixtures
    AHEAD,
    ANSWER,
    DRAWN,
    chromium,
    no_page_left_open,
    now,
    opened,
    pytestmark,
    site,
    until,
)
from tests.integration.test_store_rrd import fleet

#: Bytes that the heap may grow by: compiled code, the sizes of up to 10,000 labels that plotly
#: remembers, the requests that a browser under test keeps.
GROWS = 3_000_000
#: The same after thousands of updates.
GROWS_LONG = 9_000_000
#: Numbers that nothing draws, in each answer: 160 kB that show when an answer is kept.
PADDING = [0.5] * 20_000


def memory(session):
    """Return the bytes of the script heap and how many DOM nodes and listeners are alive."""
    session.send("HeapProfiler.collectGarbage")
    metrics = {
        metric["name"]: metric["value"]
        for metric in session.send("Performance.getMetrics")["metrics"]
    }
    return metrics["JSHeapUsedSize"], metrics["Nodes"], metrics["JSEventListeners"]


def changing(page):
    """Let every answer differ from the one before: no update is spared by its ETag."""
    count = itertools.count(1)
    body = page.evaluate(
        "(({start, end, step, daemons}) => ({start, end, step, daemons}))"
        "(document.querySelector('.row').answer.grid)"
    )

    def answer(route):
        turn = next(count)
        step = body["step"]
        moved = {
            **body,
            "start": body["start"] + turn * step,
            "end": body["end"] + turn * step,
            "padding": PADDING,
        }
        for daemon in moved["daemons"]:
            for name, points in daemon["series"].items():
                daemon["series"][name] = [*points[1:], turn % 37]
        route.fulfill(json=moved, headers={"ETag": f'"{turn}"'})

    page.route("**/api/v1/series*", answer)


@pytest.mark.parametrize(
    ("updates", "allowed"),
    [
        pytest.param(60, GROWS, id="some-updates"),
        pytest.param(
            1500, GROWS_LONG, id="many-updates", marks=[pytest.mark.soak, pytest.mark.timeout(1800)]
        ),
    ],
)
def test_a_page_left_open_does_not_grow(site, chromium, updates, allowed):  # noqa: F811
    """What is drawn again replaces what was drawn: heap, nodes and listeners stay."""
    folder, address = site
    fleet(folder, now(), 2, ahead=AHEAD)
    page = opened(chromium, address)
    until(page, f"{DRAWN.format(6)} && {ANSWER}")
    changing(page)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    page.evaluate("document.getElementById('main').dataset.interval = '0.005'")

    def redraws():
        return page.evaluate("Number(document.body.dataset.drawn)")

    def update(times):
        page.check("#live")
        until(page, f"Number(document.body.dataset.drawn) >= {redraws() + times}", 60 + times)
        page.uncheck("#live")
        last = -1
        while last != redraws():
            last = redraws()
            page.wait_for_timeout(500)

    # What is made once (compiled code, caches) is made here.
    update(20)
    before = memory(session)
    update(updates)
    after = memory(session)
    print(
        f"{updates} updates: heap {before[0]:.0f} → {after[0]:.0f}, nodes {before[1]:.0f} → "
        f"{after[1]:.0f}, listeners {before[2]:.0f} → {after[2]:.0f}"
    )
    assert after[0] - before[0] < allowed
    assert updates * 8 * len(PADDING) > 2 * allowed
    assert after[1] - before[1] < 100
    assert after[2] - before[2] < 60
    assert page.faults == []
