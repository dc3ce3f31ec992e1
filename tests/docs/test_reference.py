"""The reference agrees with the code: no key, metric or request is missing or made up."""

from __future__ import annotations

import re
import sys

import pytest

from collectd_fedmsg.cli import COMMANDS
from collectd_fedmsg.collector import config as collectd_config
from collectd_fedmsg.collector.sources.broker import Broker
from collectd_fedmsg.hub import settings
from collectd_fedmsg.metrics import BY_NAME, TOPIC_METRICS
from tests.conftest import ROOT

config = pytest.importorskip("collectd_fedmsg_dashboard.config")
openapi = pytest.importorskip("collectd_fedmsg_dashboard.web.openapi")
pytest.importorskip("sphinx")
sys.path.insert(0, str(ROOT / "docs"))

import generated  # noqa: E402

PAGE = (ROOT / "docs" / "reference-configuration.rst").read_text("utf-8")
SECTIONS = dict(zip(*[iter(re.split(r"\n(.+)\n-{5,}\n", PAGE)[1:])] * 2))


def rows(title: str) -> dict[str, str]:
    """Return key → default, of one section's table."""
    pairs = re.findall(r"^   \* - ``([^`]+)``\n     - (.+)$", SECTIONS[title], re.MULTILINE)
    assert len(pairs) == len(dict(pairs)), "a key is there twice"
    return dict(pairs)


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        pytest.param(
            "The daemon: fedmsg.d",
            {"enabled", *settings.Settings.__dataclass_fields__},
            id="fedmsg.d",
        ),
        pytest.param("collectd.conf: the reader", set(collectd_config.OPTIONS), id="collectd"),
        pytest.param("collectd.conf: a broker", set(collectd_config.BROKER_OPTIONS), id="broker"),
        pytest.param("The page: dashboard.toml", {*config.KEYS, "tied"}, id="dashboard"),
    ],
)
def test_every_key_is_documented_and_no_other(title, keys):
    """A new key without its row fails, and so does a row whose key is gone."""
    assert set(rows(title)) == keys


@pytest.mark.parametrize(
    ("title", "usual"),
    [
        pytest.param(
            "The daemon: fedmsg.d",
            {
                name: getattr(settings.Settings, name)
                for name in ("run_folder", "interval", "history")
            },
            id="fedmsg.d",
        ),
        pytest.param(
            "collectd.conf: the reader",
            {
                "Endpoints": collectd_config.PluginConfig.endpoints[0],
                "Interval": collectd_config.PluginConfig.interval,
                "Timeout": collectd_config.PluginConfig.timeout,
                "MaxConsumers": collectd_config.PluginConfig.max_consumers,
                "Topics": collectd_config.PluginConfig.topics,
                "TopicTimes": collectd_config.PluginConfig.topic_times,
            },
            id="collectd",
        ),
        pytest.param(
            "collectd.conf: a broker",
            {"Vhost": Broker.vhosts[0], "User": Broker.user, "Queues": Broker.queues[0]},
            id="broker",
        ),
        pytest.param(
            "The page: dashboard.toml",
            {"interval": config.Settings.interval, "data_dir": config.Settings.of(None).data_dir},
            id="dashboard",
        ),
    ],
)
def test_the_documented_default_is_the_code_s(title, usual):
    for key, value in usual.items():
        literal = (
            str(value).lower()
            if isinstance(value, bool)
            else (f"{value:g}" if isinstance(value, float) else str(value))
        )
        assert rows(title)[key] == f"``{literal}``", key


def test_the_metric_tables_have_every_metric_of_the_code():
    """They are made from the code; this holds that nothing of a row is lost on the way."""
    lines = "\n".join(generated.as_list_table("metric-table"))
    for metric in BY_NAME.values():
        row = (
            f"``{metric.name}``",
            metric.kind.value,
            f"``{metric.collectd_type}``",
            metric.unit,
            metric.help,
        )
        assert "\n     - ".join(row) in lines
    topics = "\n".join(generated.as_list_table("topic-table"))
    for topic_metric in TOPIC_METRICS:
        assert f"``<Consumer>{topic_metric.mark}<topic>``" in topics


def test_every_request_of_the_api_is_in_its_table():
    lines = "\n".join(generated.as_list_table("api-table"))
    for path, methods in openapi.description()["paths"].items():
        for method in methods:
            assert f"``{method.upper()} {path}``" in lines


def test_no_page_names_a_command_that_is_not_there():
    """``collectd-fedmsg word`` in any page is a command of the parser."""
    for page in [*(ROOT / "docs").glob("*.rst"), ROOT / "README.rst"]:
        commands = re.findall(r"(?:``|^ +)collectd-fedmsg ([a-z]+)", page.read_text("utf-8"), re.M)
        assert set(commands) <= set(COMMANDS), page.name
