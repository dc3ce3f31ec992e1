"""The rules file: what it may say, and that each mistake names file, key and value."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectd_fedmsg import humanize
from collectd_fedmsg.alerts import rules_file
from collectd_fedmsg.alerts.outputs import COMMON, TYPES
from collectd_fedmsg.alerts.records import Subject
from collectd_fedmsg.alerts.rules import BUILT_IN, KINDS
from collectd_fedmsg.alerts.rules_file import parse
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.toml_file import tomllib


def test_an_empty_file_means_the_built_in_rules():
    assert parse("", "alerts.toml").rules == BUILT_IN


def test_the_last_override_that_fits_wins():
    rules = parse(
        """
        [[rule]]
        name = "backlog"
        when = "backlog"
        hold = "1h 30min"
        [[override]]
        service = "badge*"
        above = 500
        [[override]]
        host = ["b1", "b2"]
        enabled = false
    """,
        "alerts.toml",
    )
    (rule,) = rules.rules
    assert rule.hold == 5400
    assert rules.rule_for(rule, Subject("a", "badges", "C")).above == 500
    assert rules.rule_for(rule, Subject("a", "hub", "C")).above == 0
    assert rules.rule_for(rule, Subject("b2", "badges", "C")) is None


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        pytest.param("every = 'soon'", "every", "soon", id="no-duration"),
        pytest.param("evry = '10s'", "evry", "10s", id="unknown-key"),
        pytest.param("[[rule]]\nname='x'\nwhen='full'", "rule[1].when", "full", id="unknown-kind"),
        pytest.param("[[rule]]\nwhen='backlog'", "rule[1].name", None, id="no-name"),
        pytest.param(
            "[[rule]]\nname='x'\nwhen='verdict'\nverdicts=['SLO']",
            "rule[1].verdicts",
            ["SLO"],
            id="unknown-verdict",
        ),
        pytest.param(
            "[[override]]\nrule='nope'\nabove=1", "override[1].rule", "nope", id="fits-no-rule"
        ),
        pytest.param(
            "[output.mail]\ntype='smtp'\nsender='a@b'",
            "output.mail.recipients",
            None,
            id="missing-recipients",
        ),
        pytest.param(
            "[[rule]]\nname='x'\nwhen='backlog'\noutputs='pager'",
            "rule x.outputs",
            "pager",
            id="unknown-output",
        ),
        pytest.param("a = ", "(file)", None, id="not-toml"),
    ],
)
def test_a_mistake_names_file_key_and_value(text, key, value):
    with pytest.raises(ConfigError) as caught:
        parse(text, "/etc/alerts.toml")
    (mistake,) = caught.value.all
    assert (mistake.place, mistake.key) == ("/etc/alerts.toml", key)
    assert mistake.value == value or key == "(file)"


def test_all_mistakes_are_reported_together():
    with pytest.raises(ConfigError) as caught:
        parse("every = -1\n[grouping]\nwait = 'x'\nby = 'moon'", "f")
    assert [error.key for error in caught.value.all] == ["every", "grouping.wait", "grouping.by"]


@pytest.mark.parametrize(("text", "seconds"), [("5min", 300), ("1h 30min", 5400), (7, 7)])
def test_durations(text, seconds):
    assert humanize.parse_duration(text) == seconds


EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "alerts-example.toml"


def test_the_documented_example_is_right_and_whole():
    """It parses, its first override and outputs count, and no key is left undocumented."""
    rules = parse(EXAMPLE.read_text("utf-8"), "example")
    assert {rule.kind for rule in rules.rules} == set(KINDS)
    backlog = rules.rules[0]
    rule = rules.rule_for(backlog, Subject("staging1", "badges-old", "C"))
    assert (rule.above, rule.hold, rule.severity) == (500, 1800, "info")
    assert rules.rule_for(backlog, Subject("prod", "badges", "C")) == backlog
    raw = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert set(raw) == {*rules_file.TOP, *rules_file.SECTIONS}
    assert {key for rule in raw["rule"] for key in rule} | {"outputs", "clear"} == {
        "name",
        "when",
        *rules_file.WHERE,
        *rules_file.CHANGES,
    }
    assert {key for override in raw["override"] for key in override} == {
        "rule",
        *rules_file.WHERE,
        *rules_file.CHANGES,
    }
    for name, checks in (
        ("defaults", rules_file.DEFAULTS),
        ("grouping", rules_file.GROUPING),
        ("flapping", rules_file.FLAPPING),
    ):
        assert set(raw[name]) == set(checks)
    kinds = {table["type"]: set(table) for table in raw["output"].values()}
    assert set(kinds) == set(TYPES)
    for kind, keys in kinds.items():
        assert keys | set(COMMON) == {*TYPES[kind], *COMMON}
    assert set(COMMON) <= kinds["webhook"]
