"""The pages, the pictures for where no script runs, the static files and the health checks."""

from __future__ import annotations

import time

import orjson
from flask import Blueprint, Response, abort, render_template, request

from . import assets, figures, pictures, query
from .api import fleet, store

views = Blueprint("views", __name__)
FOREVER = "public, max-age=31536000, immutable"


@views.get("/")
def index() -> str:
    """The fleet: one row per daemon."""
    whole = fleet().answer(time.time())
    span = request.args.get("span", "now")
    return render_template("fleet.html", rows=whole["daemons"], fleet=whole["fleet"],
                           panels=figures.PANELS, spans=query.SPANS,
                           span=span if span in query.SPANS else "now")


@views.get("/daemon/<path:name>")
def daemon(name: str) -> str:
    """One daemon, large, with everything that is stored about it."""
    if name not in store().daemons():
        abort(404, "No such daemon.")
    rows = [row for row in fleet().answer(time.time())["daemons"] if row["id"] == name]
    if not rows:
        abort(404, "No such daemon.")
    span = request.args.get("span", "hour")
    extra = [panel for panel in figures.EXTRA if panel.metric in rows[0]["metrics"]]
    return render_template("daemon.html", row=rows[0], panels=figures.PANELS + tuple(extra),
                           spans=query.SPANS, span=span if span in query.SPANS else "hour")


@views.get("/panel.png")
def panel() -> Response:
    """One panel as a picture: ``daemon``, ``metric``, ``span`` or ``start``/``end``, ``width``."""
    known = store().daemons()
    (name,) = query.chosen(request.args.getlist("daemon"), known, 1)
    shown = figures.BY_METRIC.get(request.args.get("metric", "backlog"))
    if shown is None or shown.metric not in known[name].files:
        abort(404, "No such panel.")
    width = query.number(request.args, "width", 400, 100, 2000)
    height = query.number(request.args, "height", 120, 50, 1000)
    window = query.window(request.args, time.time())
    arguments = pictures.arguments(known[name].files[shown.metric], shown, window, width, height)
    return Response(store().graph(arguments), mimetype="image/png")


@views.get("/static/<digest>/<name>")
def static(digest: str, name: str) -> Response:
    """A static file, for good: its address changes when it does."""
    encoding = assets.pick(request.headers.get("Accept-Encoding", ""))
    found = assets.load(name, encoding) if digest == assets.digest() else None
    if found is None:
        abort(404, "No such file.")
    body, kind = found
    response = Response(body, content_type=kind)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Cache-Control"] = FOREVER
    response.vary.add("Accept-Encoding")
    return response


@views.get("/healthz")
def healthz() -> Response:
    """200 when the store can be listed, else 503 from the error handler."""
    return Response(orjson.dumps({"ok": True, "daemons": len(store().daemons())}),
                    mimetype="application/json")


@views.get("/metrics")
def prometheus() -> Response:
    """The fleet for Prometheus, text format 0.0.4."""
    lines = ["# HELP fedmsg_backlog_messages Messages received and not ended.",
             "# TYPE fedmsg_backlog_messages gauge"]
    for row in fleet().answer(time.time())["daemons"]:
        if row["backlog"] is not None:
            names = ",".join(f"{key}={_quoted(row[key])}"
                             for key in ("host", "service", "consumer"))
            lines.append(f"fedmsg_backlog_messages{{{names}}} {row['backlog']:g}")
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
