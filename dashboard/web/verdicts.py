"""``/api/v1/verdicts``: the verdicts of a span, for the strips under the rows."""

from __future__ import annotations

import time

from flask import Blueprint, Response, current_app, request

from ..judge.verdict_strip import VerdictStrips
from . import query
from .api import send, store

verdicts = Blueprint("verdicts", __name__, url_prefix="/api/v1")
#: Daemons in one answer.
MAX_DAEMONS = 100


@verdicts.get("/verdicts")
def runs() -> Response:
    """Runs of equal verdicts of chosen daemons; ``complete`` is false while more are judged."""
    known, now = store().daemons(), time.time()
    window = query.window(request.args, now)
    ids = query.chosen(request.args.getlist("daemon"), known, MAX_DAEMONS)
    strips: VerdictStrips = current_app.extensions["verdict_strips"]
    answer = strips.of([known[name] for name in ids], window, now)
    return send(
        {
            "start": window.start,
            "end": window.end,
            "every": answer.every,
            "complete": answer.complete,
            "daemons": [{"id": name, "verdicts": rows} for name, rows in answer.runs.items()],
        }
    )
