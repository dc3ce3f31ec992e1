"""The page in Chromium, beyond the rows: columns, tied series, filters, marks, states, axe."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python")

from tests.integration.serving import serving  # noqa: E402
from tests.integration.test_page_chromium import (  # noqa: E402, F401 - chromium is a fixture
    AHEAD,
    ANSWER,
    DRAWN,
    LARGE,
    RANGES,
    chromium,
    no_page_left_open,
    now,
    opened,
    pointed,
    pytestmark,
    until,
)
from tests.integration.test_store_rrd import HOST, STEP, fleet, write  # noqa: E402

AXE = (Path(axe.__file__).parent / "axe.min.js").read_text("utf-8")
DAEMON = f"daemon/{HOST}/hub/Consumer0"
TIED = [
    {
        "daemon": "*/hub/Consumer?",
        "series": "db01/load/load",
        "title": "Load of <b>db01</b>",
        "unit": "",
    }
]


@pytest.fixture
def site(tmp_path):
    """Serve two daemons with all their series and a tied one; yields (folder, address)."""
    from collectd_fedmsg_dashboard import create_app

    end = now()
    times = range(end - 900, end + AHEAD + 1, STEP)
    fleet(tmp_path, end, 2, ahead=AHEAD)
    for metric, value in (
        ("failed", 0),
        ("rejected", 0),
        ("delay", 1),
        ("workers", 2),
        ("oldest", 3),
        ("in_progress", 1),
        ("service_p50", 0.1),
        ("service_p95", 0.2),
        ("service_p99", 0.3),
        ("service_max", 1),
    ):
        write(tmp_path, metric, dict.fromkeys(times, value), consumer="Consumer0")
    write(tmp_path, "busy", {t: (t - times[0]) * 500_000 for t in times}, consumer="Consumer0")
    for topic in ("org.a", "org.b<i>"):
        write(
            tmp_path,
            "received",
            {t: (t - times[0]) * 2 for t in times},
            name=f"derive-Consumer0_topic-{topic}",
        )
    write(tmp_path, "load", dict.fromkeys(times, 5), folder="db01/load", name="load")
    app = create_app({"data_dir": tmp_path, "interval": 1, "tied": TIED, "token": "t" * 16})
    with serving(app) as address:
        yield tmp_path, address


def values(selector):
    """Return an expression for the series of the row of a panel."""
    return f"(document.querySelector('{selector}')?.closest('.row').answer?.daemon.series ?? {{}})"


def metrics(page, row=1):
    return page.eval_on_selector_all(
        f".row:nth-of-type({row}) .panel", "all => all.map(p => p.dataset.metric)"
    )


def test_columns_are_switched_on_and_linked(site, chromium):  # noqa: F811
    """A column adds its panel to every row, the address holds it, the unit is a share."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}&sort=name")
    until(page, DRAWN.format(6))
    page.click("details.more > summary")
    page.check("[name=column][value=utilisation]")
    selector = ".row[data-consumer=Consumer0] .panel[data-metric=utilisation]"
    until(page, f"{values(selector)}.utilisation?.includes(0.25)")
    assert page.evaluate("location.search") == "?sort=name&columns=utilisation&large=1"
    reopened = opened(chromium, page.url)
    until(reopened, f"{values(selector)}.utilisation")
    assert page.faults + reopened.faults == []


def test_tied_series_share_the_axis_and_are_text(site, chromium):  # noqa: F811
    """What is tied is drawn below, on the same range, its title as text."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}")
    until(page, "document.querySelectorAll('.tied .panel path.line').length === 2")
    assert "Load of <b>db01</b>" in page.inner_text(".tied figcaption")
    assert len(set(page.evaluate(RANGES))) == 1
    assert page.faults == []


@pytest.mark.timeout(400)
def test_figures_are_valid_plotly(site, chromium):  # noqa: F811
    """plotly's own schema accepts every panel of the daemon's page, in every mode."""
    plotly = pytest.importorskip("plotly.graph_objects")
    _, address = site
    for mode in ("rate", "total"):
        page = opened(chromium, f"{address}{DAEMON}?span=now&mode={mode}")
        until(page, DRAWN.format(13))
        pointed(page)
        until(page, "document.querySelectorAll('.plot.js-plotly-plot').length === 14")
        for figure in page.evaluate(
            "[...document.querySelectorAll('.plot')].map(p => "
            "JSON.parse(JSON.stringify([p.data, p.layout])))"
        ):
            plotly.Figure(*figure)
        assert page.faults == []


def test_custom_span(site, chromium):  # noqa: F811
    """A span typed in is requested and linked; what is no time is an error and not requested."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(6))
    page.click("summary:has-text('custom')")
    page.fill("#start", "yesterday")
    page.click("button[value=custom]")
    assert "Not a time" in page.inner_text("#wrong")
    page.fill("#start", "-5m")
    page.click("button[value=custom]")
    until(page, "location.search.includes('start=-5m')")
    until(page, f"{ANSWER}?.grid.end - {ANSWER}?.grid.start <= 320")
    page.reload()
    until(page, DRAWN.format(6))
    assert page.input_value("#start") == "-5m"


def test_filter_and_compact(site, chromium):  # noqa: F811
    """A filter hides the others and is in the address; compact draws small multiples."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(6))
    page.click("details.more > summary")
    page.select_option("#consumer", "Consumer1")
    assert page.locator(".row:not([hidden])").count() == 1
    assert "consumer=Consumer1" in page.url
    page.select_option("#consumer", "")
    page.check("#compact")
    until(
        page,
        "document.querySelectorAll('.panel svg path').length === 6 "
        "&& !document.querySelector('.area')",
    )
    page.uncheck("#compact")
    until(page, DRAWN.format(6))
    assert page.faults == []


def test_the_diagnosis_is_drawn(site, chromium):  # noqa: F811
    """Split as a bar with words, the drain with its bounds (see test_page_evidence)."""
    _, address = site
    more = {
        "state": "SLOW",
        "severity": 3,
        "group": "attention",
        "pace": "grows by 2/s",
        "gone": "gone in 5 min (3 min 20 s to 8 min 20 s)",
        "action": "Look at the database.",
        "split": {"growth": 100, "excess": 25, "lost": 75},
        "drain": {"seconds": 300, "earliest": 200, "latest": 500, "claimed": True},
    }

    def answer(route):
        body = route.fetch().json()
        body["daemons"][0].update(more)
        route.fulfill(json=body)

    context = chromium.new_context()
    page = context.new_page()
    page.route("**/api/v1/daemons", answer)
    page.faults = []
    page.goto(address)
    until(page, "document.querySelector('.split:not([hidden])')?.innerText.includes('25 % more')")
    row = page.locator(".row", has=page.locator(".split:not([hidden])"))
    assert row.locator(".state").inner_text().endswith("Slow processing")
    assert row.locator(".gone").inner_text() == "gone in 5 min (3 min 20 s to 8 min 20 s)"
    assert row.locator(".gone svg rect").count() == 2
    assert row.get_attribute("data-size") == "large"


def test_a_note_is_added_and_drawn(site, chromium):  # noqa: F811
    """With the token a note is kept, listed as text and drawn as a line."""
    _, address = site
    page = opened(chromium, f"{address}{DAEMON}?span=now")
    until(page, DRAWN.format(3))
    page.fill("#note [name=text]", "moved <img src=x>")
    page.fill("#note [name=token]", "t" * 16)
    page.click("#note button")
    until(page, "document.querySelector('#marks').innerText.includes('moved <img src=x>')")
    until(page, "document.querySelector('.panel path.mark.note')")
    assert page.faults == []


def test_keyboard_zooms(site, chromium):  # noqa: F811
    """Plus zooms all panels, Escape undoes it."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}")
    until(page, f"{DRAWN.format(6)} && {RANGES}.every(Boolean)")
    page.focus(".panel")
    page.keyboard.press("+")
    until(page, "location.search.includes('from=')")
    page.keyboard.press("Escape")
    until(page, "!location.search.includes('from=')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["", "?compact=1", "?columns=failed,delay", DAEMON, "help", "daemon/none"]
)
def test_axe_finds_nothing(site, chromium, path, scheme):  # noqa: F811
    """axe-core's rules for WCAG 2.2 A and AA, and its best practices: no violation."""
    _, address = site
    page = opened(chromium, address + path, color_scheme=scheme)
    if path not in ("help", "daemon/none"):
        until(page, "Number(document.body.dataset.drawn) > 0")
    page.evaluate(AXE)
    step = page.evaluate(
        "axe.run().then(r => r.violations.map(v => "
        "[v.id, v.nodes.map(n => n.html.slice(0, 150) + n.failureSummary)]))"
    )
    assert step == []


def test_the_evidence_is_of_now(site, chromium):  # noqa: F811
    """A daemon's page left open shows the evidence of the verdict that it shows."""
    folder, address = site
    page = opened(chromium, f"{address}{DAEMON}?span=now")
    until(page, DRAWN.format(3))
    assert page.get_attribute(".row", "data-state") != "UNKNOWN"
    for metric in ("received", "processed"):
        (folder / HOST / "fedmsg-hub" / f"derive-Consumer0_{metric}.rrd").unlink()
    until(page, "document.querySelector('.row').dataset.state === 'UNKNOWN'", 30)
    until(
        page,
        "document.getElementById('evidence').textContent.includes("
        "document.querySelector('.text').textContent.split(';')[0])",
        30,
    )


@pytest.mark.parametrize("width", [360, 1400, 3840])
def test_the_daemons_page_fits(site, chromium, width):  # noqa: F811
    """No sideways scrolling on a daemon's page either, with all its panels and its form."""
    _, address = site
    page = opened(chromium, f"{address}{DAEMON}", viewport={"width": width, "height": 800})
    until(page, DRAWN.format(3))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_zoom_is_filled_with_finer_steps(site, chromium):  # noqa: F811
    """Zoomed in, the store's finer steps replace the coarse ones; downloads follow the zoom."""
    _, address = site
    page = opened(chromium, f"{address}{DAEMON}?span=day")
    # Not until lines are drawn: now and then only one of a day's steps falls into the samples.
    until(page, f"{ANSWER} !== undefined")
    coarse = page.evaluate(f"{ANSWER}.grid.step")
    assert coarse > STEP
    page.focus(".panel")
    for _ in range(9):
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
    until(page, f"{ANSWER}.grid.step < {coarse}")
    until(page, "document.querySelector('a[data-when]').href.includes('start=')")
    page.keyboard.press("Escape")
    until(page, f"{ANSWER}.grid.step === {coarse}")
    until(page, "document.querySelector('a[data-when]').href.includes('span=day')")
    assert page.faults == []


def test_the_gap_between_the_curves_is_the_backlog(site, chromium):  # noqa: F811
    """Cumulative: at every known step arrivals less departures are the stored backlog."""
    _, address = site
    page = opened(chromium, f"{address}{LARGE}&mode=total&sort=name")
    until(page, DRAWN.format(6))
    pointed(page, ".row[data-consumer=Consumer0] .panel")
    wrong = page.evaluate("""(() => {
        const row = document.querySelector('.row[data-consumer=Consumer0]');
        const plot = row.querySelector('[data-metric=processed] .plot');
        const [arrived, ended] = plot.data.map(trace => trace.y);
        const backlog = row.answer.daemon.series.backlog;
        const known = backlog.map((_, i) => i).filter(
            i => arrived[i] !== null && ended[i] !== null && backlog[i] !== null);
        return [known.length,
                known.filter(i => Math.abs(arrived[i] - ended[i] - backlog[i]) > 1e-3).length];
    })()""")
    assert wrong[0] > 80
    assert wrong[1] == 0


def test_a_daemon_that_is_gone_leaves(site, chromium):  # noqa: F811
    """Files taken away: the row goes without a reload, the fleet line counts one less."""
    folder, address = site
    page = opened(chromium, f"{address}{LARGE}&sort=name")
    until(page, DRAWN.format(6))
    for path in folder.rglob("*Consumer1_*.rrd"):
        path.unlink()
    until(page, "document.querySelectorAll('.row').length === 1", 30)
    until(page, "document.querySelector('#fleet b').textContent === '1'")
