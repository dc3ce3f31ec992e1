"""The API keeps its own description: schemathesis makes requests from it and checks answers."""

from __future__ import annotations

import time

import pytest

schemathesis = pytest.importorskip("schemathesis")
pytest.importorskip("rrdtool")

from collectd_fedmsg_dashboard import create_app  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

from collectd_fedmsg.alerts.state_db import AlertDatabase  # noqa: E402
from tests.integration.test_store_rrd import STEP, fleet  # noqa: E402

#: A schema cannot say that start is before end, nor that end is at most a day ahead.
BEYOND = [positive_data_acceptance]

OPERATIONS = (
    "GET /daemons",
    "GET /series",
    "GET /verdicts",
    "GET /costs",
    "GET /series.csv",
    "GET /state",
    "GET /marks",
    "POST /marks",
    "DELETE /marks/{id}",
    "GET /alerts",
    "POST /alerts/{id}/ack",
    "DELETE /alerts/{id}/ack",
    "POST /silences",
    "DELETE /silences/{id}",
)


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rrd")
    fleet(folder, int(time.time()) // STEP * STEP, 2)
    AlertDatabase(folder / "alerts.db").close()
    app = create_app({"data_dir": folder, "token": "t" * 16, "alerts_file": folder / "alerts.db"})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    all_operations = [result.ok() for result in schema.get_all_operations()]
    return {
        f"{operation.method.upper()} {operation.path}": operation for operation in all_operations
    }


def test_all_operations_are_described(operations):
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_described(operations, name):
    """No 5xx, no undescribed status, type or field, bad input refused, for made-up requests."""

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[name].as_strategy())
    def keeps(case):
        # It unpacks no brotli.
        case.call_and_validate(
            headers={"Host": "localhost", "Accept-Encoding": "identity"}, excluded_checks=BEYOND
        )

    keeps()
