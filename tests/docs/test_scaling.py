"""The model of sizes: what it reckons is what the page about scaling says."""

from __future__ import annotations

import pytest

from benchmarks.scaling import model
from collectd_fedmsg.metrics import METRICS
from tests.conftest import ROOT


def test_the_page_has_the_model_s_table():
    """A constant that is changed must change the page."""
    assert "\n".join(model.table()) in (ROOT / "docs" / "scaling.rst").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "writes"),
    [
        pytest.param({"wait": 300, "delay": 300, "interval": 10}, 14_000 / 455, id="batched"),
        pytest.param(
            {"wait": 0, "delay": 0, "interval": 10}, 1_400, id="no-more-writes-than-values"
        ),
    ],
)
def test_writes_a_second(options, writes):
    assert model.cost(1000, **options).writes_a_second == pytest.approx(writes)


def test_cost_grows_with_consumers_and_shrinks_with_the_interval():
    hundred, thousand, slow = model.cost(100), model.cost(1000), model.cost(100, interval=60)
    assert thousand.collectd_cpu == pytest.approx(10 * hundred.collectd_cpu)
    assert slow.collectd_cpu == pytest.approx(hundred.collectd_cpu / 6)
    assert hundred.series == 100 * len(METRICS) < model.cost(100, topics=True).series
