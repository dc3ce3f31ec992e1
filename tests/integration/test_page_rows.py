"""The rows in Chromium: groups, the first line, one line for the well, the address, hidden tabs."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

pytest.importorskip("playwright.sync_api")

from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.web.connections import BusyError

from tests.integration.serving import serving
from tests.integration.test_page_chromium import (  # noqa: F401 - chromium is a fixture
    AHEAD,
    chromium,
    no_page_left_open,
    now,
    opened,
    pytestmark,
    until,
)
from tests.integration.test_store_rrd import HOST, STEP, fleet, write

DRAWN_ROWS = "[...document.querySelectorAll('.row')].filter(r => r.querySelectorAll('.panel svg')\
.length >= 3).length"
ILL = {
    "state": "SLOW",
    "severity": 3,
    "group": "attention",
    "silent": False,
    "backlog": 700,
    "text": "backlog +700 in 5 min",
    "action": "Look at the database.",
    "pace": "grows by 2.3/s",
    "gone": "gone in 2 h at this pace",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve thirteen daemons that are well; yields (folder, address)."""
    root = tmp_path_factory.mktemp("rows")
    fleet(root, now(), 13, ahead=AHEAD)
    with serving(create_app({"data_dir": root, "interval": 1})) as address:
        yield root, address


def altered(page, change):
    """Let each answer of the rows pass through ``change``."""

    def answer(route):
        headers = {k: v for k, v in route.request.headers.items() if k != "if-none-match"}
        body = route.fetch(headers=headers).json()
        change(body)
        route.fulfill(json=body)

    page.route("**/api/v1/daemons", answer)


def test_thirteen_quiet_daemons_fit_on_a_screen(site, chromium):  # noqa: F811
    """1920 × 1080 without scrolling: a line each, with its three lines drawn."""
    _, address = site
    page = opened(chromium, address, viewport={"width": 1920, "height": 1080})
    until(page, f"{DRAWN_ROWS} === 13")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert page.locator(".row[data-size=slim]").count() == 13
    assert page.inner_text(".heading .count") == "13 well"
    until(page, "document.querySelectorAll('.strip:not([hidden]) rect').length >= 13")
    assert page.inner_text("#headline") == "All 13 daemons are well"
    assert page.faults == []


def test_nothing_moves_under_the_pointer(site, chromium):  # noqa: F811
    """A row that falls ill while the pointer is over the rows says so and stays; then it goes to
    the top of its group, large."""
    _, address = site
    page = opened(chromium, f"{address}?sort=name")
    until(page, f"{DRAWN_ROWS} === 13")
    row = "document.querySelector('[data-consumer=Consumer5]')"
    order = "[...document.querySelectorAll('.row')].map(r => r.dataset.consumer).join()"
    before = page.evaluate(order)
    page.hover(".row:has-text('Consumer3')")

    def change(body):
        next(daemon for daemon in body["daemons"] if daemon["consumer"] == "Consumer5").update(ILL)

    altered(page, change)
    until(page, f"{row}.dataset.state === 'SLOW'")
    assert page.evaluate(order) == before
    assert page.evaluate(f"{row}.dataset.size") == "slim"
    page.mouse.move(5, 5)
    until(page, f"{row}.dataset.size === 'large'")
    assert page.evaluate(order).startswith("Consumer5,")
    assert page.locator(".heading .count").all_inner_texts() == ["1 needs attention", "12 well"]
    # A row's words are written once it is near the window, which the browser says a frame later.
    until(page, f"{row}.querySelector('.pace').innerText === 'grows by 2.3/s'")
    assert page.inner_text("[data-consumer=Consumer5] .gone") == "gone in 2 h at this pace"
    assert page.faults == []


def test_a_tile_has_a_number_a_word_and_a_link(site, chromium):  # noqa: F811
    """Compact: what waits, the verdict, the daemon's page; chosen columns are drawn too."""
    _, address = site
    page = opened(chromium, f"{address}?compact=1&columns=failed")
    until(page, "document.querySelectorAll('.row .panel svg').length === 52")
    tile = page.locator(".row").first
    for part in (".first b", ".state", ".name a"):
        assert tile.locator(part).is_visible()
    assert tile.locator(".name a").get_attribute("href").startswith(f"/daemon/{HOST}/hub/")


def test_the_back_button_goes_through_spans(site, chromium):  # noqa: F811
    """Spans and custom spans are gone back over; the fields and buttons follow."""
    _, address = site
    page = opened(chromium, address)
    until(page, f"{DRAWN_ROWS} === 13")
    page.click("button[value=hour]")
    until(page, "location.search === '?span=hour'")
    page.click("summary:has-text('custom')")
    page.fill("#start", "-2h")
    page.press("#start", "Enter")
    until(page, "location.search === '?start=-2h&end=now'")
    assert page.input_value("#start") == "-2h"
    page.go_back()
    until(page, "document.querySelector('button[value=hour]').ariaPressed === 'true'")
    page.go_back()
    until(page, "document.querySelector('button[value=now]').ariaPressed === 'true'")
    assert page.evaluate("location.search") == ""
    assert page.faults == []


def test_the_address_survives_the_way_to_a_daemon_and_back(site, chromium):  # noqa: F811
    """Span, zone, search and columns go along to the daemon's page, and come back with it."""
    _, address = site
    page = opened(chromium, f"{address}?span=6h&zone=utc&find=consumer1&columns=failed")
    until(page, "document.querySelectorAll('.row:not([hidden])').length === 4")
    page.click(".row:not([hidden]) .name a")
    until(page, "document.querySelector('main.one') !== null")
    query = "?span=6h&zone=utc&find=consumer1&columns=failed"
    assert page.evaluate("location.search") == query
    until(page, "document.getElementById('zone').value === 'utc'")
    page.click("nav a:has-text('Help')")
    until(page, "document.querySelector('.prose') && document.readyState === 'complete'")
    page.click("nav a:has-text('Daemons')")
    until(page, "document.querySelectorAll('.row:not([hidden])').length === 4")
    assert page.evaluate("location.search") == query
    page.reload()
    until(page, "document.querySelectorAll('.row:not([hidden])').length === 4")
    until(page, "document.getElementById('find').value === 'consumer1'")


def test_the_past_is_stepped_through_and_called_past(site, chromium):  # noqa: F811
    """‹ shows the span before with its moments written out; the page says what is of now."""
    _, address = site
    page = opened(chromium, f"{address}?zone=utc")
    until(page, f"{DRAWN_ROWS} === 13")
    page.click("#earlier")
    until(page, "location.search.includes('start=')")
    assert page.locator("#past").is_visible()
    end = datetime.fromisoformat(f"{page.input_value('#end')}+00:00").timestamp()
    assert time.time() - 1200 < end < time.time()
    in_utc = page.input_value("#end")
    page.evaluate("document.querySelector('details.more').open = true")
    page.select_option("#zone", "local")
    assert page.input_value("#end") == in_utc or time.localtime().tm_gmtoff
    # Once, or more often when more than a minute has passed since.
    later = "document.getElementById('later')"
    until(page, f"({later}.disabled || {later}.click(), !location.search.includes('start='))")
    assert not page.locator("#past").is_visible()
    assert page.is_disabled("#later")


def test_epoch_numbers_are_written_as_moments(site, chromium):  # noqa: F811
    """A link with seconds since the epoch shows a date in the fields."""
    _, address = site
    page = opened(chromium, f"{address}?start=1763976600&end=1763980200&zone=utc")
    until(page, "document.getElementById('start').value === '2025-11-24 09:30'")
    assert page.evaluate("location.search").startswith("?start=1763976600&end=1763980200")


def hold(_route):
    """Answer never, as a server that is stopped; the request ends when the route is taken back."""


def busy(route):
    """Answer as a server whose threads for long answers are taken."""
    status, headers, body = BusyError("").to_response()
    route.fulfill(status=int(status.partition(" ")[0]), headers=dict(headers), body=body)


@pytest.mark.parametrize(
    ("pattern", "answer", "reason"),
    [
        pytest.param("**/api/v1/**", lambda route: route.abort(), "", id="away"),
        pytest.param("**/api/v1/series?**", busy, "too many long answers", id="busy"),
        pytest.param("**/api/v1/series?**", hold, "has not answered", id="hangs"),
    ],
)
def test_a_switch_without_the_server_says_that_panels_are_old(
    site,
    chromium,  # noqa: F811
    pattern,
    answer,
    reason,
):
    """The span is chosen, the server away or busy: earlier panels stay, and the page says so."""
    _, address = site
    page = opened(chromium, address)
    until(page, f"{DRAWN_ROWS} === 13")
    page.route(pattern, answer)
    page.click("button[value=hour]")
    until(page, "document.getElementById('trouble').textContent.includes('still show')")
    assert reason in page.inner_text("#trouble")
    assert page.evaluate("document.querySelectorAll('.row .panel svg').length") >= 13
    page.unroute(pattern)
    until(page, "document.getElementById('trouble').hidden")


def until_true(page, condition):
    """Wait for what this process sees of the page's requests."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def at_rest(page, pending):
    """Wait until the page awaits no answer, and for a moment asks for nothing more."""
    calm = 0
    while calm < 5:
        page.wait_for_timeout(100)
        calm = 0 if pending else calm + 1


def test_a_hidden_tab_asks_once_a_minute(site, chromium):  # noqa: F811
    """Hidden: the rows' state once a minute, no panels, and the tab says what needs attention; at
    once when it is looked at again."""
    _, address = site
    context = chromium.new_context()
    page = context.new_page()
    page.faults = []
    pending = set()

    def ended(request):
        pending.discard(request)

    page.on("request", lambda request: pending.update([request]))
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    page.clock.install()
    page.goto(address)
    until(page, f"{DRAWN_ROWS} === 13")
    # The panels are the server's: the script asks for the first time.
    until(page, "document.getElementById('fresh').textContent !== ''")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => "
        "window.away ?? true}); document.dispatchEvent(new Event('visibilitychange'))"
    )
    at_rest(page, pending)
    altered(page, lambda body: body["fleet"].update(attention=2))
    urls = []
    page.on("request", lambda request: urls.append(request.url))

    def count(part):
        return sum(part in url for url in urls)

    # The clock goes on by itself as well: on a busy machine the test takes seconds of the minute.
    page.clock.run_for(30_000)
    assert count("/api/v1/daemons") == 0
    page.clock.run_for(31_000)
    until_true(page, lambda: count("/api/v1/daemons") == 1)
    assert count("/api/v1/series") == 0
    until(page, "document.title.startsWith('(2) ')")
    assert page.get_attribute("link[rel=icon]", "href").endswith("icon-alert.svg")
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    until_true(page, lambda: count("/api/v1/daemons") >= 2)


def test_long_silence_is_described_as_fully_as_short(tmp_path):
    """Beyond all that is looked at: since when, for how long, how much waited then."""
    end = now()
    fleet(tmp_path, end)
    times = range(end - 3 * 86400 - 300, end - 3 * 86400 + 1, STEP)
    for metric, values in (
        ("backlog", dict.fromkeys(times, 12)),
        ("received", {t: t - times[0] for t in times}),
        ("processed", {t: t - times[0] for t in times}),
    ):
        write(tmp_path, metric, values, consumer="Gone")
    client = create_app({"data_dir": tmp_path}).test_client()
    rows = {
        daemon["consumer"]: daemon for daemon in client.get("/api/v1/daemons").get_json()["daemons"]
    }
    row = rows["Gone"]
    assert row["group"] == "silent"
    assert row["text"] == "no numbers for 3 d; 12 messages waited then"
    assert (row["since"], row["backlog"]) == (times[-1], 12)
    text = client.get("/").text
    assert "1 silent" in text
    assert "1 well" in text


def test_a_name_cut_to_fit_shows_no_digest(tmp_path):
    """A consumer whose name was too long for collectd: its beginning and what distinguishes it."""
    from collectd_fedmsg.names import escape

    safe = escape("Consumer" + "x" * 90)
    end = now()
    times = range(end - 300, end + 1, STEP)
    for kind, metric in (
        ("queue_length", "backlog"),
        ("derive", "received"),
        ("derive", "processed"),
    ):
        values = dict.fromkeys(times, 0) if metric == "backlog" else {t: t - end for t in times}
        write(
            tmp_path, metric, {t: abs(v) for t, v in values.items()}, name=f"{kind}-{safe}_{metric}"
        )
    text = create_app({"data_dir": tmp_path}).test_client().get("/").text
    head, _, digest = safe.partition("~~")
    assert f"<bdi>{head}…{digest[:4]}</bdi>" in text


def test_an_empty_fleet_is_neither_well_nor_ill(tmp_path, chromium):  # noqa: F811
    """No daemon yet: no green dot, no "0 waiting", and what to do when none appears."""
    with serving(create_app({"data_dir": tmp_path, "interval": 1})) as address:
        page = opened(chromium, address)
        until(page, "document.getElementById('fresh').textContent !== ''")
        dot = "getComputedStyle(document.getElementById('fresh'), '::before').backgroundColor"
        soft = "getComputedStyle(document.querySelector('.tiles')).color"
        assert page.evaluate(f"{dot} === {soft}")
        assert page.inner_text(".tiles").endswith("– waiting")
        assert "collectd-fedmsg doctor" in page.inner_text("main")
        fleet(tmp_path, now(), ahead=AHEAD)
        until(page, f"document.querySelectorAll('.row').length === 1 && {dot} !== {soft}", 40)
