"""What the panels show, in Chromium: scales, cut peaks, what is missing, a young span, fingers."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api")

from collectd_fedmsg_dashboard import create_app

from tests.integration.serving import serving
from tests.integration.test_page_chromium import (  # noqa: F401 - fixtures
    AHEAD,
    ANSWER,
    DRAWN,
    LARGE,
    chromium,
    moving,
    no_page_left_open,
    now,
    opened,
    pytestmark,
    site,
    until,
)
from tests.integration.test_page_rows import ILL, altered
from tests.integration.test_store_rrd import HOST, STEP, fleet, write
from tests.integration.weeks import live

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SLOW = ".row[data-consumer=Archiver]"


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    """Serve a daemon that had a surge half an hour ago and is slow now, and one that is well."""
    root = tmp_path_factory.mktemp("rrd")
    end = now()
    surge = end - 1860

    def slow(t):
        return (7900 if surge < t <= surge + STEP else 8), (
            0.001 if surge <= t <= surge + 200 else 0.4 if t > end - 120 else 0.012
        )

    def steady(t):
        return (0.6 if t // STEP % 2 else 0.4), 0.01

    for name, flow in (("Archiver", slow), ("Bridge", steady)):
        live(
            root, end, days=0.2, consumer=name, flow=flow, step=STEP, layout=((1, 2000),),
            upto=end + AHEAD,
        )  # fmt: skip
    with serving(create_app({"data_dir": root, "interval": 60})) as address:
        yield address


def test_one_old_peak_does_not_hide_the_present(incident, chromium):  # noqa: F811
    """Peaks are cut and say their height where they stand; a click shows the full scale."""
    page = opened(chromium, f"{incident}?span=hour")
    until(page, DRAWN.format(6))
    cut = page.locator(f"{SLOW} .cut").all_text_contents()
    assert cut[0] == "▲ 7,900"
    assert len(cut) == 3
    top = page.locator(f"{SLOW} [data-metric=received] .y").last.text_content()
    assert float(top) <= 30
    page.click(f"{SLOW} .whole:not([hidden])")
    until(page, f"!document.querySelector('{SLOW} .cut')")
    tops = page.evaluate(f"[...document.querySelectorAll('{SLOW} .panel')].map(one => one.top)")
    assert tops[0] == tops[1] > 7900
    page.click(f"{SLOW} .whole:not([hidden])")
    until(page, f"document.querySelectorAll('{SLOW} .cut').length === 3")
    assert page.faults == []


def test_slowness_is_cut_out_of_the_arrivals(incident, chromium):  # noqa: F811
    """The missing area is tinted under the thin line of arrivals; of who is well nothing is."""
    page = opened(chromium, f"{incident}?span=hour")
    until(page, DRAWN.format(6))
    missing = page.locator(f"{SLOW} [data-metric=processed] path.missing")
    box, panel = missing.bounding_box(), page.locator(f"{SLOW} .panel").nth(1).bounding_box()
    assert box["x"] + box["width"] > panel["x"] + panel["width"] - 20
    assert page.locator(f"{SLOW} [data-metric=processed] path.under").count() == 1
    assert page.locator(".row[data-consumer=Bridge] path.missing").count() == 0
    # What the tint is, is said once, above the large rows; the slim ones have titles there.
    assert page.locator(".keys:visible").all_inner_texts()[0].count("received, not processed") == 1
    assert page.locator(".keys:visible").count() == 1
    titles = page.locator(".heading[data-group=well] .cols span").all_inner_texts()
    assert titles == ["Received", "Processed", "Backlog"]


def test_a_level_with_noise_is_a_line_with_its_band(incident, chromium):  # noqa: F811
    """An hour of 0.4 and 0.6 in turn: the mean of each column, and a band; no block of ink."""
    page = opened(chromium, f"{incident}{LARGE}&span=hour")
    until(page, DRAWN.format(6))
    panel = ".row[data-consumer=Bridge] [data-metric=received]"
    path = page.get_attribute(f"{panel} path.line", "d")
    assert path.count("V") < 20
    assert page.locator(f"{panel} path.spread").count() == 1
    # One message in the backlog for a step is no mountain.
    assert (
        page.locator(".row[data-consumer=Bridge] [data-metric=backlog] .y").last.text_content()
        == "10"
    )


def test_panels_are_there_before_any_script(incident, chromium):  # noqa: F811
    """At the first contentful paint: what the scripts ask for is held back here."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"{incident}?span=hour")
    assert page.locator(".panel path.line").count() == 6
    assert (
        page.locator(f"{SLOW} .panel")
        .first.get_attribute("aria-label")
        .startswith("Received of Archiver, messages/s: last 8, highest 7,900")
    )


def test_a_young_span_begins_at_its_first_sample(site, chromium):  # noqa: F811
    """Two minutes of an hour fill the panel, and it says so; with and without scripts."""
    folder, address = site
    end = now()
    times = range(end - 120, end + AHEAD + 1, STEP)
    write(folder, "received", {t: t - times[0] for t in times})
    write(folder, "backlog", dict.fromkeys(times, 0))
    for options in ({"java_script_enabled": False}, {}):
        page = opened(chromium, f"{address}{LARGE}&span=hour", **options)
        text = page.locator("#young").inner_text()
        assert text.startswith("2 min")
        assert text.endswith("of samples so far")
        # A rate is known from the second sample on.
        width = "getBoundingClientRect().width"
        gaps = "[...document.querySelectorAll('[data-metric=received] path.gap')]"
        shares = page.evaluate(f"{gaps}.map(gap => gap.{width} / gap.parentElement.{width})")
        assert max(shares, default=0) < 0.2
    until(page, ANSWER)
    start, _ = page.evaluate("document.querySelector('.panel').range")
    assert times[0] - 40 <= start <= times[1]


def swiped(page, begin, end):
    """Move one finger from one place to another in ten frames."""
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
        )

    touch("touchStart", begin)
    for step in range(1, 11):
        touch("touchMove", tuple(a + (b - a) * step / 10 for a, b in zip(begin, end)))
        page.wait_for_timeout(16)
    touch("touchEnd")


def test_a_finger_scrolls_and_taps(site, chromium):  # noqa: F811
    """A swipe that starts on a panel scrolls the page and zooms nothing; a tap says the values
    of all three panels; nothing jumps while the page is loaded."""
    folder, address = site
    fleet(folder, now(), 4, ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}", **PHONE)
    until(page, f"{DRAWN.format(9)} && {ANSWER}")
    box = page.locator(".panel").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.touchscreen.tap(x, y)
    until(
        page,
        "document.querySelectorAll('.row:first-of-type .panel.crossed').length === 3 "
        "|| document.querySelectorAll('.panel.crossed').length >= 3",
    )
    lines = page.locator(".row .at").all_inner_texts()[:3]
    assert all(" · " in text for text in lines)
    assert len({text.partition(" · ")[0] for text in lines}) == 1
    swiped(page, (x, y), (x, y - 300))
    until(page, "scrollY > 200")
    assert "from=" not in page.url
    assert not page.evaluate("Boolean(window.Plotly)")
    assert page.faults == []


def test_two_fingers_zoom(site, chromium):  # noqa: F811
    """What lies under each finger stays under it: twice as far apart is half the span."""
    folder, address = site
    fleet(folder, now(), ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}", **PHONE)
    until(page, f"{DRAWN.format(3)} && {ANSWER}")
    before = page.evaluate("document.querySelector('.panel').range")
    box = page.locator(".panel").first.bounding_box()
    y, middle = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80)):
        session.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [
                    {"x": middle - apart, "y": y, "id": 1},
                    {"x": middle + apart, "y": y, "id": 2},
                ],
            },
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, "location.search.includes('from=')")
    after = page.evaluate("document.querySelector('.panel').range")
    assert after[1] - after[0] == pytest.approx((before[1] - before[0]) / 2, rel=0.1)


def test_the_moment_pointed_at_is_on_every_row(site, chromium):  # noqa: F811
    """A line and a value in each panel of each row, at the same moment."""
    folder, address = site
    fleet(folder, now(), 3, ahead=AHEAD)
    page = opened(chromium, f"{address}{LARGE}")
    until(page, DRAWN.format(9))
    box = page.locator(".panel").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, ANSWER)
    moving(page, box, "document.querySelectorAll('.panel.crossed').length >= 9")
    moments = {text.partition(" · ")[0] for text in page.locator(".row .at").all_inner_texts()}
    assert len(moments) == 1
    page.mouse.move(box["x"], 5)
    until(page, "!document.querySelector('.panel.crossed')")


def test_severities_differ_without_colours(site, chromium):  # noqa: F811
    """Forced colours: a row that is bad and one that is not have other borders."""
    folder, address = site
    fleet(folder, now(), 2, ahead=AHEAD)
    page = opened(chromium, "about:blank", forced_colors="active")
    # Whatever time has passed since its samples: the page gets an answer in which the first is ill.
    altered(page, lambda body: body["daemons"][0].update(ILL))
    page.goto(address)
    until(page, "document.querySelector('.row[data-severity=\"3\"]')")
    styles = page.evaluate(
        "[...document.querySelectorAll('.row')].map(row => [row.dataset.severity, "
        "getComputedStyle(row).borderLeftStyle])"
    )
    ranks = dict(styles)
    assert len(set(ranks.values())) == len(ranks) == 2


def test_panels_far_away_are_let_go(site, chromium):  # noqa: F811
    """Sixty-five rows scrolled through: those far above the window hold nothing, and come back;
    the last, of which the server sends a name and a state only, have their own numbers."""
    folder, address = site
    end = now()
    fleet(folder, end, 65, ahead=AHEAD)
    # As long as the backlog: an age that is older than that is of another backlog.
    times = range(end - 300, end + AHEAD + 1, STEP)
    write(folder, "oldest", dict.fromkeys(times, 3), consumer="Consumer9")
    page = opened(chromium, f"{address}{LARGE}&sort=name")
    until(page, DRAWN.format(30))
    assert page.locator(".row.light").count() > 0
    page.evaluate("document.documentElement.scrollTop = 1e6")
    until(
        page,
        "document.querySelectorAll('.row:last-of-type .area').length === 3 "
        "|| [...document.querySelectorAll('.row')].at(-1).querySelector('.area')",
    )
    until(
        page,
        "!document.querySelector('.row .area') "
        "|| !document.querySelector('.row').querySelector('.area')",
    )
    assert page.locator(".area").count() < 150
    last = "[...document.querySelectorAll('.row')].at(-1)"
    until(page, f"{last}.querySelectorAll('.numbers b')[1]?.textContent === '3 s'")
    assert page.evaluate(f"{last}.dataset.consumer") == "Consumer9"
    assert page.evaluate(f"{last}.querySelector('.text').textContent") != ""
    page.evaluate("document.documentElement.scrollTop = 0")
    until(page, "document.querySelector('.row').querySelector('.area')")
    assert page.faults == []


@pytest.mark.parametrize("span", ["day", "week", "month", "year"])
def test_the_last_unfinished_step_is_filled(tmp_path, span):
    """What waits since five minutes ago is the newest value of every span, not unknown or 0."""
    end = now()
    fleet(tmp_path, end)
    times = range(end - 86400, end + 1, STEP)
    write(tmp_path, "backlog", {t: 268 if t > end - 300 else 0 for t in times})
    client = create_app({"data_dir": tmp_path}).test_client()
    body = client.get(f"/api/v1/series?daemon={HOST}/hub/Archiver&span={span}").get_json()
    known = [v for v in body["daemons"][0]["series"]["backlog"] if v is not None]
    assert known[-1] == 268
    text = client.get(f"/?span={span}&large=1").text
    assert 'aria-label="Backlog of Archiver, messages: last 268, highest 268"' in text
