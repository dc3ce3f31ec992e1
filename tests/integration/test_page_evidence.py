"""What the diagnosis says, drawn from weeks of real files: incidents, bands, split, drain."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("playwright.sync_api")

from collectd_fedmsg_dashboard import create_app

from tests.integration.serving import serving
from tests.integration.test_page_chromium import (  # noqa: F401 - chromium is a fixture
    chromium,
    no_page_left_open,
    now,
    opened,
    pytestmark,
    until,
)
from tests.integration.weeks import HOST, live

#: Nothing falls silent while the tests run, however loaded the machine is.
STEP = 300
SHARED = [{"name": "koji-db", "daemons": [f"{HOST}/hub/User*"]}]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve four daemons of two weeks: two slow through their database, one draining, one well."""
    root = tmp_path_factory.mktemp("rrd")
    end = int(now()) // STEP * STEP
    began = end - 7200

    def steady(t):
        return 5.0, 0.1

    def slow(t):
        return 5.0, 0.8 if t > began else 0.1

    def draining(t):
        return 100.0 if began < t <= end - 1800 else 5.0, 0.05

    for name, flow in (("User1", slow), ("User2", slow), ("Draining", draining), ("Well", steady)):
        live(root, end, days=9, consumer=name, flow=flow, step=STEP, layout=((1, 4000),))
    app = create_app({"data_dir": root, "interval": STEP, "shared": SHARED})
    # A pass over the fleet reads as many weeks as its time allows: here, one daemon a pass.
    for daemon in app.extensions["store"].daemons().values():
        app.extensions["judge"].baselines.begin()
        assert app.extensions["judge"].baselines.of(daemon, time.time()) is not None
    with serving(app) as address:
        yield address


def test_one_line_instead_of_many(site, chromium, artifacts):  # noqa: F811
    """Daemons that share a database are one incident on top, with what to do first."""
    page = opened(chromium, site)
    until(page, "document.querySelectorAll('#incidents li').length === 1")
    text = page.locator("#incidents").inner_text()
    assert "Slowness of what shares koji-db: 2 of 2 daemons" in text
    assert "Look at koji-db first" in text
    assert page.locator("#headline").inner_text().startswith("Slowness of what shares koji-db")
    page.screenshot(path=artifacts / "evidence-fleet.png", full_page=True)


def test_the_usual_range_is_behind_the_lines(site, chromium, artifacts):  # noqa: F811
    """A band of past weeks behind received and service time, in the axis' range.

    Of the daemon that is well: of one that is slow, what is usual may be above what it does now.
    """
    page = opened(
        chromium, f"{site}?span=day&columns=service_time", viewport={"width": 1400, "height": 2400}
    )
    until(page, "document.querySelector('.row[data-consumer=Well]')?.answer?.daemon.usual.received")
    for metric, middle in (("received", 5), ("service_time", 0.1)):
        panel = f"document.querySelector('.row[data-consumer=Well] [data-metric={metric}]')"
        low, high, top = page.evaluate(f"""() => {{
            const path = {panel}.querySelector('path.usual').getAttribute('d');
            const heights = [...path.matchAll(/(?: |V)(-?[0-9]+)/g)].map(found => Number(found[1]));
            const value = height => {panel}.top * (1 - height / 1000);
            return [value(Math.max(...heights)), value(Math.min(...heights)), {panel}.top]; }}""")
        assert low < middle < high <= top
    page.screenshot(path=artifacts / "evidence-bands.png", full_page=True)


def test_split_and_drain_are_drawn(site, chromium):  # noqa: F811
    """Growth with one reason has no bar: a sentence; a draining daemon says when it is done."""
    page = opened(chromium, site)
    row = page.locator('.row[data-consumer="User1"]')
    until(page, "document.querySelector('[data-consumer=User1] .text').textContent !== ''")
    assert ", all by slow processing, " in row.locator(".text").inner_text()
    assert row.locator(".split").is_hidden()
    until(page, "document.querySelector('[data-consumer=Draining] .gone svg')")
    drain = page.locator('.row[data-consumer="Draining"] .gone')
    assert drain.inner_text().startswith("gone in ")
    assert drain.locator("svg rect").count() == 2


@pytest.mark.parametrize(("width", "scheme"), [(1366, "dark"), (390, "light")])
def test_a_daemons_own_page(site, chromium, artifacts, width, scheme):  # noqa: F811
    """Evidence, certainty and a link to the verdict's explanation; nothing overflows."""
    page = opened(
        chromium,
        f"{site}daemon/{HOST}/hub/User1",
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
    )
    evidence = page.locator(".card", has=page.locator("h2", has_text="Evidence")).inner_text()
    assert "% sure; it began at" in evidence
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=artifacts / f"evidence-{width}-{scheme}.png", full_page=True)
    page.goto(site)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=artifacts / f"evidence-fleet-{width}-{scheme}.png")
