"""The page in real Chromium: drawn, policy kept, zoom shared, hover shared, states shown."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app  # noqa: E402

from tests.integration.serving import serving  # noqa: E402
from tests.integration.test_store_rrd import STEP, fleet, write  # noqa: E402

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here")
#: Seconds of samples that are there beforehand, so that no daemon falls silent meanwhile.
AHEAD = 50
#: Rows of daemons that are well have panels, too, instead of lines.
LARGE = "?large=1"
DRAWN = "document.querySelectorAll('.panel .area path.line').length >= {}"
#: The axis' range of each panel, once the script has the series.
RANGES = "[...document.querySelectorAll('.panel')].map(panel => String(panel.range))"
#: An answer of the first row, kept by the script.
ANSWER = "document.querySelector('.row').answer"


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def no_page_left_open(chromium):
    """Close what a test opened: a live page goes on asking a server that is gone."""
    yield
    for context in chromium.contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()


@pytest.fixture
def site(tmp_path):
    """Serve a folder on a free port; yields (folder, address)."""
    app = create_app({"data_dir": tmp_path, "interval": 1})
    with serving(app) as address:
        yield tmp_path, address


def now() -> int:
    return int(time.time()) // STEP * STEP


def until(page, expression, seconds=60):
    """Wait for a condition; Playwright's own way evaluates a string, which the policy forbids."""
    end = time.monotonic() + seconds
    while not holds(page, expression):
        assert time.monotonic() < end, f"never: {expression}; {page.faults}"
        page.wait_for_timeout(50)


def holds(page, expression) -> bool:
    """Evaluate a condition; false while the page is being loaded again."""
    try:
        return bool(page.evaluate(expression))
    except sync_api.Error as error:
        if "context was destroyed" in error.message:
            return False
        raise


def opened(chromium, address, **options):
    """Open a page that fails the test on any script error or breach of the policy."""
    context = chromium.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.faults = []
    page.on("console", lambda m: page.faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.faults.append(str(e)))
    page.goto(address)
    return page


def pointed(page, panel=".panel", share=0.5):
    """Point at a panel, wait for plotly above it; return the box that plotly watches."""
    box = page.locator(panel).first.bounding_box()
    x, y = box["x"] + box["width"] * share, box["y"] + box["height"] / 2
    page.mouse.move(x - 9, y)
    moving(
        page,
        {"x": x, "width": 0, "y": y, "height": 0},
        f"document.querySelector('{panel} .plot .nsewdrag')",
    )
    return page.locator(f"{panel} .plot .nsewdrag").first.bounding_box()


def moving(page, box, expression, seconds=60):
    """Move the pointer to and fro in a box until a condition holds.

    A live update may draw again what the pointer is over, or the page not listen yet.
    """
    end, y = time.monotonic() + seconds, box["y"] + box["height"] / 2
    for turn in itertools.count():
        page.mouse.move(box["x"] + box["width"] / 3 + turn % 2, y)
        page.wait_for_timeout(50)
        if holds(page, expression):
            return
        assert time.monotonic() < end, f"never: {expression}; {page.faults}"


def test_draws_three_panels_a_daemon_within_the_policy(site, chromium):
    """Each panel holds a drawn trace; nothing breaks the content policy."""
    folder, address = site
    fleet(folder, now(), 2, ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, f"{DRAWN.format(6)} && {ANSWER}")
    metrics = page.eval_on_selector_all(".panel", "all => all.map(p => p.dataset.metric)")
    assert metrics == ["received", "processed", "backlog"] * 2
    assert page.eval_on_selector(".panel", "p => Number(p.dataset.points)") > 80
    assert page.faults == []


def test_zoom_moves_every_panel_and_the_address(site, chromium):
    """A drag in one panel zooms all; a live update keeps it; the button undoes it."""
    folder, address = site
    fleet(folder, now(), 2, ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(6))
    box = pointed(page)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 60, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, y, steps=5)
    page.mouse.up()
    until(page, f"new Set({RANGES}).size === 1 && location.search.includes('from=')")
    redraws = page.evaluate("Number(document.body.dataset.drawn)")
    zoomed = page.evaluate(RANGES)
    until(page, f"Number(document.body.dataset.drawn) > {redraws}")
    assert page.evaluate(RANGES) == zoomed
    page.click("#unzoom")
    until(page, "!location.search.includes('from=')")
    assert page.faults == []


def test_hover_shows_values_in_all_three_panels(site, chromium):
    """Hover over one panel of a row shows the values of all three."""
    folder, address = site
    fleet(folder, now(), ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(3))
    box = pointed(page)
    moving(page, box, "document.querySelectorAll('.hoverlayer .hovertext').length === 3")
    assert page.faults == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu"])
def test_ticks_are_in_the_zones_time(site, chromium, zone):
    """Round moments of the clock that is shown, each once and in order, also where clocks change;
    what a tick says is what the clock shows then."""
    _, address = site
    page = opened(chromium, address, timezone_id=zone)
    script = (Path(__file__).parent / "ticks.js").read_text("utf-8")
    assert page.evaluate(script) == []


def test_live_update_adds_the_newest_sample(site, chromium):
    """A sample written after the page was opened appears without a reload."""
    folder, address = site
    end = now()
    path = write(folder, "backlog", dict.fromkeys(range(end - 600, end - 10, STEP), 3))
    page = opened(chromium, f"{address}{LARGE}")
    page.wait_for_selector(".panel[data-metric=backlog][data-points]")
    before = page.get_attribute(".panel[data-metric=backlog]", "data-points")
    import rrdtool

    rrdtool.update(str(path), f"{end - 10}:4", f"{end}:5")
    until(page, f"document.querySelector('.panel[data-metric=backlog]').dataset.points > {before}")


def test_without_scripts_the_same_is_drawn(site, chromium):
    """No JavaScript: the panels are the lines that the script draws, and say their values."""
    folder, address = site
    end = now()
    fleet(folder, end, ahead=AHEAD)
    span = f"{address}?start={end - 900}&end={end}"
    plain = opened(chromium, span, java_script_enabled=False)
    page = opened(chromium, span)
    until(page, f"{DRAWN.format(3)} && {ANSWER}")
    for line in (".panel[data-metric=received] path.line", ".panel[data-metric=backlog] path.fill"):
        paths = [view.locator(line).get_attribute("d") for view in (plain, page)]
        assert paths[0] == paths[1]
        assert len(paths[0]) > 100
    labels = [
        view.get_attribute(".panel[data-metric=backlog]", "aria-label") for view in (plain, page)
    ]
    assert labels == ["Backlog of Consumer0, messages: last 0, highest 60"] * 2


def test_a_store_that_went_away_is_shown(site, chromium):
    """The page keeps what it drew and says that it is not up to date."""
    folder, address = site
    fleet(folder, now(), ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(3))
    folder.rename(folder.with_name(f"{folder.name}-away"))
    page.wait_for_selector("#trouble:not([hidden])")
    assert "could not be brought up to date" in page.inner_text("#trouble")
    # A page opened now names the reason once, above rows without words and panels.
    lost = opened(chromium, address)
    reason = lost.inner_text("#headline")
    assert "store lost" in reason
    lost.wait_for_selector("#trouble:not([hidden])")
    assert reason.removeprefix("The store") not in lost.inner_text("#trouble")
    assert lost.locator(".row:visible").count() > 0
    assert lost.locator(".row :is(.text, .panels):visible").count() == 0
    # Nobody knows how the daemons are now: the fleet line must not go on saying that all is well.
    until(page, "document.getElementById('headline').textContent.startsWith('No news since')")


def test_a_page_of_a_store_that_is_away_comes_back_by_itself(site, chromium):
    """Opened while the store is away the page says so; once it answers, the rows are there."""
    folder, address = site
    fleet(folder, now(), ahead=AHEAD)
    moved = folder.with_name(f"{folder.name}-away")
    folder.rename(moved)
    page = chromium.new_context().new_page()
    page.faults = []
    page.clock.install()
    assert page.goto(address).status == 503
    moved.rename(folder)
    page.clock.fast_forward(6000)
    until(page, "document.querySelectorAll('.row').length === 1")


def test_panels_fit_the_window(site, chromium):
    """Lines and what plotly lays above them have the panel's size, in a narrower window too."""
    folder, address = site
    fleet(folder, now(), ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(3))
    pointed(page)
    sizes = (
        "['.area', '.plot .main-svg'].map(name => Math.round("
        "document.querySelector(`.panel ${name}`).getBoundingClientRect().width))"
    )
    panel = "Math.round(document.querySelector('.panel').getBoundingClientRect().width)"
    wide = page.evaluate(panel)
    until(page, f"String({sizes}) === String([{wide} - 48, {wide}])")
    page.set_viewport_size({"width": 1100, "height": 900})
    until(page, f"{panel} < {wide - 50} && String({sizes}) === String([{panel} - 48, {panel}])")
    assert page.faults == []


def test_every_row_is_printed(site, chromium):
    """At once: paper does not wait. Rows far below the window have their lines on it."""
    folder, address = site
    fleet(folder, now(), 30, ahead=AHEAD)
    page = opened(chromium, address)
    until(page, DRAWN.format(16 * 3))
    assert page.locator(".panel").count() < 90
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(DRAWN.format(90))
    assert page.faults == []


@pytest.mark.parametrize("width", [360, 1400, 3840])
def test_nothing_overflows(site, chromium, width):
    """No sideways scrolling from a phone to a wall, and no row cuts off what a finding says."""
    folder, address = site
    fleet(folder, now(), 2, ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}", viewport={"width": width, "height": 800})
    until(page, DRAWN.format(3))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    topic = "org.fedoraproject.prod.buildsys." + "state." * 12
    page.evaluate(f"document.querySelector('.row .text').textContent = '{topic}'")
    wide = "[...document.querySelectorAll('.row')].filter(row => row.scrollWidth > row.clientWidth)"
    assert page.evaluate(f"{wide}.length") == 0


def test_two_hundred_fit_on_a_screen(site, chromium):
    """Compact: 200 daemons on 1920 × 1080 without scrolling, also when collectd is silent."""
    folder, address = site
    end = now()
    for number in range(200):
        write(
            folder,
            "backlog",
            dict.fromkeys(range(end - 60, end + 1, STEP), number),
            consumer=f"ConsumerOfMessages{number}",
        )
    page = opened(chromium, f"{address}?compact=1", viewport={"width": 1920, "height": 1080})
    until(page, "document.querySelectorAll('.panel svg').length === 600", 60)
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert page.faults == []


def test_silence_of_collectd_is_shown(site, chromium):
    """No daemon has a recent sample: history is shown, and called history."""
    folder, address = site
    fleet(folder, now() - 300)
    page = opened(chromium, f"{address}{LARGE}&span=hour")
    until(page, DRAWN.format(3))
    assert "look at collectd and its disk first" in page.inner_text("#silent")
    assert page.inner_text("#headline").startswith("collectd has been silent for 5 min")
    assert page.inner_text(".state").endswith("Silent")
    # Said in the head and in the banner, not in each row again.
    assert page.locator(".row .text:visible").count() == 0
