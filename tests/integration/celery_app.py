"""A Celery app whose tasks end as their argument says; its broker is a folder."""

from __future__ import annotations

import os
import time
from typing import Any

import celery

from collectd_fedmsg import celery_plugin

FOLDER = os.environ["CELERY_APP_FOLDER"]
app = celery.Celery("tests.integration.celery_app", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": f"{FOLDER}/in",
    "data_folder_out": f"{FOLDER}/in",
    "processed_folder": f"{FOLDER}/done",
}
celery_plugin.install("worker", run_folder=f"{FOLDER}/health", interval=1)


@app.task(bind=True)
def work(self: Any, seconds: float = 0.0, outcome: str = "") -> None:
    time.sleep(seconds)
    if outcome == "fail":
        raise KeyError("it cannot")
    if outcome == "retry" and not self.request.retries:
        raise self.retry(countdown=0)
