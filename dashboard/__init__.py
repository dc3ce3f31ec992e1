"""The dashboard: reads the store, judges, draws. ``create_app`` is its only public name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException, TooManyRequests

from collectd_fedmsg.errors import BadQuery, StoreError
from collectd_fedmsg.humanize import duration, short, utc

from . import json_bytes as as_json
from .config import Settings
from .draw import panels as figures
from .draw import rrdgraph as pictures
from .judge.baselines import BUDGET, Baselines
from .judge.fleet_rows import Fleet
from .judge.inside import FRESH_SECONDS, Inside
from .judge.judge import Judge
from .judge.plain_words import (
    GROUPS,
    PLAIN,
    counted,
    name_of,
    plain,
    severity_mark,
    short_name,
    short_utc,
    surge_percent,
    word,
)
from .judge.usual_ranges import Bands
from .judge.verdict_strip import VerdictStrips
from .store.rrd import RRDStore
from .stored import open_store
from .web import alerts as alerting
from .web import login, security
from .web import static_files as assets
from .web.alert_state import open_count
from .web.api import api
from .web.costs import costs
from .web.notes import Marks
from .web.pages import views
from .web.verdicts import verdicts


def create_app(config: Settings | Mapping[str, Any] | None = None) -> Flask:
    """Return the WSGI application for one data folder.

    Raises:
        ConfigError: a setting that cannot work; see ``Settings``.
    """
    settings = Settings.of(config)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    # No redirect to an address made from the request.
    app.url_map.merge_slashes = False
    app.extensions["settings"] = settings
    app.extensions["store"] = open_store(settings)
    app.extensions["marks"] = Marks(settings.marks_file)
    #: (address below the prefix, title) of what is in every page's head; a further one adds itself.
    app.extensions["navigation"] = [("/", "Daemons"), ("/help", "Help")]
    inside = Inside(
        settings.sockets,
        settings.evidence,
        app.extensions["marks"].deployed,
        min(FRESH_SECONDS, settings.interval),
    )
    app.extensions["inside"] = inside
    judge = Judge(
        app.extensions["store"],
        Baselines(app.extensions["store"], BUDGET, settings.zone()),
        settings.shared,
        inside,
    )
    app.extensions["judge"] = judge
    app.extensions["verdict_strips"] = VerdictStrips(app.extensions["store"], judge)
    app.extensions["bands"] = Bands(judge.baselines)
    app.extensions["fleet"] = Fleet(judge, min(2.0, settings.interval / 2), settings.interval)
    # Only RRD files can be drawn by rrdtool; a picture that cannot be made is not named.
    possible = (
        pictures.possible if isinstance(app.extensions["store"], RRDStore) else (lambda *_: False)
    )
    app.jinja_env.globals.update(
        static=lambda name: f"{request.script_root}/static/{assets.digest()}/{name}",
        duration=duration,
        short=short,
        panels_json=as_json.dumps(
            {**figures.description(), "plain": PLAIN, "groups": GROUPS}
        ).decode(),
        interval=settings.interval,
        plain=plain,
        counted=counted,
        name_of=name_of,
        severity_mark=severity_mark,
        utc=utc,
        word=word,
        short_name=short_name,
        surge_percent=surge_percent,
        short_utc=short_utc,
        possible=possible,
        navigation=app.extensions["navigation"],
        open_alerts=open_count,
    )
    security.install(app, settings.hosts)
    login.install_login(app, settings)
    app.register_blueprint(api)
    app.register_blueprint(views)
    app.register_blueprint(verdicts)
    app.register_blueprint(costs)
    alerting.install(app, settings.alerts_file)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(BadQuery, lambda error: _refuse(400, str(error)))
    app.register_error_handler(KeyError, lambda error: _refuse(404, f"No such daemon: {error}"))
    app.register_error_handler(StoreError, lambda error: _refuse(503, str(error)))
    app.register_error_handler(Exception, _unexpected)
    return app


def _unexpected(error: Exception) -> Response:
    """Return an error of ours as one sentence; its traceback goes to the log."""
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    return _refuse(503, f"this cannot be answered ({type(error).__name__}): see the log")


def _http_error(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    response = _refuse(error.code or 500, error.description or "")
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _refuse(status: int, text: str) -> Response:
    """Return an error as JSON below /api, as a page elsewhere."""
    if request.path.startswith("/api/") or request.path == "/healthz":
        body: bytes | str = as_json.dumps({"error": {"status": status, "message": text}})
        kind = "application/json"
    else:
        body, kind = render_template("error.html", status=status, text=text), "text/html"
    response = Response(body, status=status, mimetype=kind)
    if status == 503:
        response.headers["Retry-After"] = "10"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="marks"'
    return response
