"""The pages, the pictures for browsers without scripts, the static files and the health checks."""

from __future__ import annotations

import time
from http.client import OK, SERVICE_UNAVAILABLE
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, render_template, request

from collectd_fedmsg.diagnosis import Verdict
from collectd_fedmsg.errors import BadQuery, StoreError

from .. import json_bytes as as_json
from ..draw import panels as figures
from ..draw import rrdgraph as pictures
from ..draw import rrdgraph as png
from ..grid.answer import belongs
from ..store.rrd import RRDStore
from ..store.series import Window
from . import query
from . import static_files as assets
from .alert_state import open_alerts
from .api import fleet, settings, store
from .costs import body as costs_of
from .first_paint import drawn_rows, is_slim
from .login import logged_in
from .prometheus_text import CONTENT_TYPE, exposition
from .verdict_help import explained

views = Blueprint("views", __name__)
#: Rows that the page's first answer has whole; the others are completed when they come near.
FULL_ROWS = 60
FOREVER = "public, max-age=31536000, immutable"


def _when(usual: str, now: float) -> tuple[dict[str, Any], Window]:
    """Return what templates need to know of the span asked for, its name and query; and it."""
    if "start" in request.args and request.args.get("span", "custom") == "custom":
        asked = {name: request.args[name] for name in ("start", "end") if request.args.get(name)}
        return {"span": "custom", "when": urlencode(asked)}, query.window(asked, now)
    span = request.args.get("span", usual)
    span = span if span in query.SPANS else usual
    asked = {"span": span}
    return {"span": span, "when": urlencode(asked)}, query.window(asked, now)


def _page(when: dict[str, Any], now: float) -> dict[str, Any]:
    """Return what both pages' templates need: the span, the moment, who may write."""
    return {
        **when,
        "now": now,
        "writable": bool(settings().token),
        "login": logged_in(settings()),
        "is_slim": is_slim,
        "alerts": open_alerts(time.time()),
    }


@views.get("/")
def index() -> tuple[str, int]:
    """The fleet: one row per daemon; those that were known while the store cannot answer."""
    now = time.time()
    whole, status = _fleet_or_lost(now)
    when, window = _when("now", now)
    kinds = {
        name: sorted({row[name] for row in whole["daemons"]})
        for name in ("host", "service", "consumer", "state")
    }
    text = render_template(
        "fleet.html",
        rows=whole["daemons"],
        lost=status != OK,
        fleet=whole["fleet"],
        incidents=whole["incidents"],
        panels=figures.PANELS,
        columns=figures.COLUMNS,
        kinds=kinds,
        spans=query.SPANS,
        tied=_tied,
        full_rows=len(whole["daemons"]) if request.args.get("draw") == "all" else FULL_ROWS,
        **_page(when, now),
        drawings={} if status != OK else drawn_rows(whole["daemons"], figures.PANELS, window, now),
    )
    return text, status


def _fleet_or_lost(now: float) -> tuple[dict[str, Any], int]:
    """Return the fleet and a status: 503 when all that is known is which daemons there were."""
    try:
        return fleet().answer(now), OK
    except StoreError as error:
        lost = fleet().lost(now, str(error))
        if lost is None:
            raise
        return lost, SERVICE_UNAVAILABLE


def _tied(name: str) -> list[dict[str, str]]:
    """Return what is tied to a daemon, for its row."""
    return [
        {"title": series.title, "unit": series.unit}
        for series in settings().tied
        if belongs(series, name)
    ]


@views.get("/daemon/<path:name>")
def daemon(name: str) -> str:
    """One daemon, large, with everything that is stored about it."""
    stored_daemon = store().daemons().get(name)
    if stored_daemon is None:
        abort(404, "No such daemon.")
    rows = [row for row in fleet().answer(time.time())["daemons"] if row["id"] == name]
    if not rows:
        abort(404, "No such daemon.")
    stored = {*rows[0]["metrics"]}
    if {"busy", "workers", "processed"} <= stored:
        stored |= {"service_time", "utilisation"}
    extra = [panel for panel in figures.EXTRA if panel.metric in stored]
    if rows[0]["topics"]:
        extra.append(figures.TOPICS)
    if stored_daemon.by_topic.get(figures.TOPIC_TIME.stack):
        extra.append(figures.TOPIC_TIME)
    wanted = [
        metric
        for panel in (*figures.PANELS, *extra)
        if not panel.stack
        for metric in (panel.metric, *panel.also)
    ]
    now = time.time()
    when, window = _when("hour", now)
    panels = figures.PANELS + tuple(extra)
    return render_template(
        "daemon.html",
        row=rows[0],
        costs=costs_of(stored_daemon, window),
        panels=panels,
        metrics=",".join(dict.fromkeys(wanted)),
        spans=query.SPANS,
        tied=_tied,
        **_page(when, now),
        drawings=drawn_rows(rows, panels, window, now, single=True),
    )


@views.get("/help")
def explain() -> str:
    """What each verdict means and asks for."""
    return render_template("help.html", verdicts=list(Verdict), explained=explained)


@views.get("/panel.png")
def panel() -> Response:
    """One panel as a picture: ``daemon``, ``metric``, ``span`` or ``start``/``end``, ``width``,
    ``height``, ``theme``."""
    return _picture(request.args.getlist("daemon"))


@views.get("/daemon/<path:name>/panel.png")
def daemon_panel(name: str) -> Response:
    """The same, at an address for mails and wikis."""
    return _picture([name])


def _picture(names: list[str]) -> Response:
    source = current_app.extensions["store"]
    if not isinstance(source, RRDStore):
        abort(404, "Pictures are drawn from RRD files only, and this page reads another store.")
    known = source.daemons()
    (name,) = query.chosen(names, known, 1)
    shown = figures.BY_METRIC.get(request.args.get("metric", "backlog"))
    daemon = known[name]
    if shown is None or not pictures.possible(shown, daemon.files, daemon.topics):
        abort(404, "No such panel.")
    width = query.number(request.args, "width", 400, 100, 2000)
    height = query.number(request.args, "height", 120, 50, 1000)
    window = query.window(request.args, time.time())
    theme = request.args.get("theme", "light")
    if theme not in ("light", "dark"):
        raise BadQuery("theme: light or dark is wanted")
    image = png.draw(
        source, daemon, shown, window, width=width, height=height, dark=theme == "dark"
    )
    return Response(image, mimetype="image/png")


@views.get("/static/<digest>/<name>")
def static(digest: str, name: str) -> Response:
    """A static file, for good: its address changes when it does."""
    encoding = assets.pick(request.headers.get("Accept-Encoding", ""))
    file = assets.load(name, encoding) if digest == assets.digest() else None
    if file is None:
        abort(404, "No such file.")
    body, kind = file
    response = Response(body, content_type=kind)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Cache-Control"] = FOREVER
    response.vary.add("Accept-Encoding")
    return response


@views.get("/healthz")
def healthz() -> Response:
    """200 when the store can be listed, else 503 from the error handler."""
    return Response(
        as_json.dumps({"ok": True, "daemons": len(store().daemons())}), mimetype="application/json"
    )


@views.get("/metrics")
def prometheus() -> Response:
    """Every newest sample for Prometheus, text format 0.0.4."""
    now = time.time()
    text = exposition(
        store(), store().daemons(), fleet().answer(now)["daemons"], now, settings().interval
    )
    return Response(text, content_type=CONTENT_TYPE)
