"""The dashboard's page and API of alerts on a real evaluator's file, in Chromium and by HTTP."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("playwright.sync_api")

from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg.alerts.service import EvaluatorLoop
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.commands.alerts import observer
from tests.integration.receivers import file_options
from tests.integration.serving import serving
from tests.integration.test_page_chromium import (  # noqa: F401 - chromium is a fixture
    AHEAD,
    DRAWN,
    chromium,
    no_page_left_open,
    opened,
    pytestmark,
    until,
)
from tests.integration.test_page_own import AXE
from tests.integration.test_store_rrd import HOST, STEP, write

RULES = """
[grouping]
wait = 0
[[rule]]
name = "backlog"
when = "backlog"
hold = "1min"
clear = "1min"
critical_above = 1000
[[rule]]
name = "silent"
when = "daemon_silent"
severity = "critical"
"""


def daemon(root, now, name, backlog, silent=0):
    """Write an hour of one consumer; ``backlog(seconds ago)`` waits.

    Some of it ahead of time: no other daemon falls silent while the tests run.
    """
    times = range(now - 3600, now - silent + 1 if silent else now + AHEAD + 1, STEP)
    totals = {t: 10_000 + 4 * (t - now + 3600) for t in times}
    for metric, values in (
        ("backlog", {t: backlog(now - t) for t in times}),
        ("received", totals),
        ("processed", {t: totals[t] - backlog(now - t) for t in times}),
    ):
        write(root, metric, values, consumer=name)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve a fleet with an active, a silent and a past trouble; yields (service, app, address)."""
    tmp_path = tmp_path_factory.mktemp("alerts")
    now, root = int(time.time()) // STEP * STEP, tmp_path / "rrd"
    daemon(root, now, "Archiver", lambda ago: max(0, 1500 - ago * 2))
    daemon(root, now, "Notifier", lambda ago: 40 if 2000 < ago < 2600 else 0)
    daemon(root, now, "Gone<b>", lambda ago: 12, silent=400)
    (tmp_path / "rules.toml").write_text(RULES)
    service = EvaluatorLoop(
        tmp_path / "rules.toml", tmp_path / "a.db", observer(file_options(root))
    )
    service.once(time.time())
    app = create_app({"data_dir": root, "token": "t" * 16, "alerts_file": tmp_path / "a.db"})
    with serving(app) as address:
        yield service, app, address
    service.close()


def test_the_api_lists_and_takes_orders(site):
    """Active, past; acknowledged by name; silenced with an end; wrong orders are refused.

    The first of the module: later the samples are old, and more daemons are silent.
    """
    service, app, _ = site
    client, head = app.test_client(), {"X-Token": "t" * 16}
    listing = client.get("/api/v1/alerts").get_json()
    assert [(alert["subject"]["consumer"], alert["rule"]) for alert in listing["active"]] == [
        ("Archiver", "backlog"),
        ("Gone<b>", "silent"),
        ("Gone<b>", "backlog"),
    ]
    assert [alert["subject"]["consumer"] for alert in listing["past"]] == ["Notifier"]
    assert listing["late"] is False
    name = listing["active"][0]["id"]
    ack = f"/api/v1/alerts/{name}/ack"
    assert client.post(ack, json={"by": "me"}).status_code == 401
    assert client.post(ack, json={"by": "me", "comment": "on it"}, headers=head).status_code == 201
    assert client.post(ack, json={"by": ""}, headers=head).status_code == 400
    assert client.post("/api/v1/alerts/x/ack", json={"by": "me"}, headers=head).status_code == 400
    for body, status in (
        ({"seconds": 3600, "by": "me", "host": HOST}, 201),
        ({"seconds": 3600, "by": "me"}, 400),
        ({"seconds": 1e9, "by": "me", "host": HOST}, 400),
        ({"by": "me", "host": HOST}, 400),
    ):
        answer = client.post("/api/v1/silences", json=body, headers=head)
        assert answer.status_code == status, answer.text
    service.once(time.time())
    assert next(a for a in service.state.alerts if a.id == name).ack.by == "me"
    listing = client.get("/api/v1/alerts").get_json()
    assert [alert["id"] for alert in listing["acknowledged"]] == [name]
    assert all(alert["silenced_until"] for alert in listing["active"])
    (silence,) = listing["silences"]
    assert client.delete(f"/api/v1/silences/{silence['id']}", headers=head).status_code == 204
    assert client.delete(f"/api/v1/silences/{silence['id']}", headers=head).status_code == 404
    assert client.delete(ack, headers=head).status_code == 204
    assert client.get("/api/v1/alerts").get_json()["acknowledged"] == []


@pytest.mark.parametrize("press", ["", "details.more > summary", "button.ack", "#earlier"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
def test_axe_on_rows_in_trouble(site, chromium, scheme, width, press):  # noqa: F811
    """No violation with rows that need attention, the sheet or the dialog open, looking back."""
    _, _, address = site
    page = opened(chromium, address, color_scheme=scheme, viewport={"width": width, "height": 844})
    page.wait_for_selector("button.ack")
    if press:
        page.click(press)
    page.wait_for_selector(".strip:not([hidden]) rect")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE)
    step = page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ' '"
        " + v.nodes.map(n => n.html.slice(0, 200) + n.failureSummary)))"
    )
    assert step == []
    assert page.faults == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
def test_axe_and_the_phone(site, chromium, artifacts, scheme, width):  # noqa: F811
    """No violation of WCAG 2.2 AA in light and dark; no sideways scroll on a phone."""
    _, _, address = site
    page = opened(
        chromium, f"{address}alerts", color_scheme=scheme, viewport={"width": width, "height": 844}
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=str(artifacts / f"alerts-{scheme}-{width}.png"), full_page=True)
    page.evaluate(AXE)
    step = page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target)))"
    )
    assert step == []
    assert page.faults == []


def test_without_an_evaluator(tmp_path):
    """Not configured: no page and no link. Configured but never run: said, and not calm."""
    (tmp_path / "rrd").mkdir()
    plain = create_app({"data_dir": tmp_path / "rrd"}).test_client()
    assert plain.get("/alerts").status_code == 404
    assert 'href="/alerts"' not in plain.get("/").text
    configured = create_app({"data_dir": tmp_path / "rrd", "alerts_file": tmp_path / "a.db"})
    assert configured.test_client().get("/alerts").status_code == 503
    assert configured.test_client().get("/api/v1/marks").status_code == 200
    AlertDatabase(tmp_path / "a.db").close()
    text = configured.test_client().get("/alerts").text
    assert "It has never run." in text
    assert "No open alert" not in text


def test_acknowledge_on_the_page(site, chromium):  # noqa: F811
    """A click with the token moves the alert; names are text; the link shows its time."""
    _, _, address = site
    page = opened(chromium, f"{address}alerts")
    assert "Gone<b> of hub" in page.inner_text("main")
    page.fill("[name=by]", "me")
    page.fill("[name=token]", "wrong")
    page.click(".alert:first-of-type [data-order=ack]")
    until(page, "document.getElementById('said').textContent.includes('token')")
    assert [f for f in page.faults if "401" not in f] == []
    page.faults.clear()
    page.fill("[name=token]", "t" * 16)
    page.click(".alert:first-of-type [data-order=ack]")
    until(page, "document.querySelector('.known')?.textContent.includes('me')")
    page.click(".alert h3 a")
    until(page, DRAWN.format(3))
    assert page.faults == []


def test_alerts_are_marked_on_the_panels(site, chromium):  # noqa: F811
    """The past alert has its begin and its end as lines of their colour on each panel."""
    _, _, address = site
    page = opened(chromium, f"{address}daemon/{HOST}/hub/Notifier?span=hour")
    until(page, DRAWN.format(3))
    lines = (
        "[...document.querySelectorAll('.panel')].map(panel => "
        "panel.querySelectorAll('path.mark:is(.critical, .warning, .info, .over)').length)"
    )
    until(page, f"{lines}.slice(0, 3).every(n => n === 2)")
    until(page, "document.getElementById('marks').innerText.includes('backlog: over')")
    assert page.faults == []


def take_back(app):
    """Take back what earlier tests acknowledged."""
    client = app.test_client()
    for alert in client.get("/api/v1/alerts").get_json()["acknowledged"]:
        client.delete(f"/api/v1/alerts/{alert['id']}/ack", headers={"X-Token": "t" * 16})


def test_acknowledge_on_the_row(site, chromium):  # noqa: F811
    """The row has the button; the dialog asks for name and token; then the row says who knows,
    and one cause less is counted in the navigation, the title and the icon."""
    _, app, address = site
    take_back(app)
    page = opened(chromium, address)
    row = "[data-consumer=Archiver]"
    page.wait_for_selector(f"{row} button.ack")
    before = int(page.inner_text("#open-alerts"))
    assert page.title().startswith(f"({before}) ")
    assert page.get_attribute("link[rel=icon]", "href").endswith("icon-alert.svg")
    page.click(f"{row} button.ack")
    page.fill("#order [name=by]", "nirik")
    page.fill("#order [name=token]", "t" * 16)
    page.click("#order button[value=send]")
    until(page, f"document.querySelector('{row} .known').textContent === 'acknowledged by nirik'")
    until(page, f"document.getElementById('open-alerts').textContent === '{before - 1}'")
    page.goto(f"{address}alerts")
    assert "Acknowledged by nirik" in page.inner_text("main")
    assert page.faults == []
    page.fill("[name=by]", "nirik")
    page.fill("[name=token]", "t" * 16)
    page.click(".alert [data-order=unack]")
    until(page, "!document.querySelector('.known')")


def test_one_cause_is_one_card(site):
    """Two rules that fire for one cause: one card with both rules; the count has it once."""
    _, app, _ = site
    answer = app.test_client().get("/api/v1/alerts").get_json()
    alerts = [*answer["active"], *answer["acknowledged"]]
    rules = [alert["rule"] for alert in alerts if alert["subject"]["consumer"] == "Gone<b>"]
    text = app.test_client().get("/alerts").text
    assert sorted(rules) == ["backlog", "silent"]
    assert text.count('<article class="alert"') == len(alerts) - 1
    assert "rules silent (critical), backlog (warning)" in text


def test_an_alerts_limit_is_the_axis_floor(tmp_path):
    """A rule from 500 messages on: the backlog's axis reaches it, a line stands there; without a
    rule's limit the axis reaches ten messages."""
    root = tmp_path / "rrd"
    daemon(root, int(time.time()) // STEP * STEP, "Archiver", lambda ago: 3)
    rules = RULES.replace('when = "backlog"', 'when = "backlog"\nabove = 500')
    database = AlertDatabase(tmp_path / "a.db")
    database.keep_rules(rules)
    database.close()
    client = create_app({"data_dir": root, "alerts_file": tmp_path / "a.db"}).test_client()
    series = f"/api/v1/series?daemon={HOST}/hub/Archiver&usual=1"
    assert client.get(series).get_json()["daemons"][0]["limits"] == {"backlog": 500}
    text = client.get("/?large=1").text
    assert 'class="limit"' in text
    assert ">400</text>" in text
    plain = create_app({"data_dir": root}).test_client()
    assert plain.get(series).get_json()["daemons"][0]["limits"] == {}
    assert ">10</text>" in plain.get("/?large=1").text


def test_the_logins_name_is_noted(site, tmp_path):
    """Whoever is logged in is who acknowledged, silenced, noted; a name in the body is not."""
    _, app, _ = site
    settings = app.extensions["settings"]
    guarded = create_app(
        {
            "data_dir": settings.data_dir,
            "token": "t" * 16,
            "auth_header": "X-User",
            "proxies": ["192.0.2.7"],
            "alerts_file": settings.alerts_file,
            "marks_file": tmp_path / "marks",
        }
    )
    client, head = guarded.test_client(), {"X-Token": "t" * 16, "X-User": "ralph"}
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    name = client.get("/api/v1/alerts", headers=head).get_json()["active"][0]["id"]
    ack = f"/api/v1/alerts/{name}/ack"
    assert client.post(ack, json={"by": "mallory"}, headers=head).status_code == 201
    answer = client.get("/api/v1/alerts", headers=head).get_json()
    assert [alert["ack"]["by"] for alert in answer["acknowledged"] if alert["id"] == name] == [
        "ralph"
    ]
    assert client.delete(ack, headers=head).status_code == 204
    assert client.post("/api/v1/marks", json={"text": "x"}, headers=head).status_code == 201
    (note,) = [
        mark
        for mark in client.get("/api/v1/marks", headers=head).get_json()["marks"]
        if mark["kind"] == "note"
    ]
    assert note["by"] == "ralph"
    page = client.get("/alerts", headers=head).text
    assert 'name="by"' not in page
    assert "<b>ralph</b>" in page


#: Notes what moved on the page without being asked to: how much, and which elements.
SHIFTS = """window.shifts = []; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(
    [entry.value, entry.sources.map((source) => `${source.node?.className} `
      + `${Math.round(source.previousRect.y)} ${Math.round(source.currentRect.y)}`)]);
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_while_the_page_comes(site, chromium, width):  # noqa: F811
    """Layout shift below 0.05 until rows, alerts and strips stand."""
    _, _, address = site
    context = chromium.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.faults = []
    page.add_init_script(SHIFTS)
    page.goto(address)
    page.wait_for_selector("button.ack")
    page.wait_for_selector(".strip:not([hidden]) rect")
    until(page, "document.getElementById('fresh').textContent !== ''")
    shifts = page.evaluate("window.shifts")
    print(f"layout shift at {width} px: {sum(value for value, _ in shifts):.3f}", shifts)
    assert sum(value for value, _ in shifts) < 0.05, shifts
