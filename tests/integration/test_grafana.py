"""The dashboard for Grafana: made from the one table, its PromQL read by a real Prometheus."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

from collectd_fedmsg.metrics import METRICS
from tests.conftest import ROOT

FOLDER = ROOT / "packaging" / "grafana"
DOCUMENT = json.loads((FOLDER / "fedmsg-queues.json").read_text())
#: What Grafana 8 and later need to import a dashboard; its own schema is not published whole.
SCHEMA = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "time", "templating", "panels"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "schemaVersion": {"type": "integer", "minimum": 30},
        "panels": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "type", "title", "datasource", "gridPos", "targets"],
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "type": {"const": "timeseries"},
                    "gridPos": {
                        "type": "object",
                        "required": ["x", "y", "w", "h"],
                        "properties": {
                            "x": {"type": "integer", "minimum": 0, "maximum": 23},
                            "w": {"type": "integer", "minimum": 1, "maximum": 24},
                        },
                    },
                    "targets": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "object", "required": ["refId", "expr"]},
                    },
                },
            },
        },
    },
}


def test_the_file_is_made_from_the_table() -> None:
    """A metric that is added or renamed is so in the file, too."""
    output = subprocess.run(
        [sys.executable, str(FOLDER / "make_dashboard.py")],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    ).stdout
    assert json.loads(output) == DOCUMENT
    expressions = [panel["targets"][0]["expr"] for panel in DOCUMENT["panels"]]
    for metric in METRICS:
        assert sum(f'_{metric.name}"' in expression for expression in expressions) == 1, metric.name


def test_it_has_the_form_of_a_dashboard() -> None:
    """What Grafana asks of a document to import; no two panels are one or overlap."""
    jsonschema.validate(DOCUMENT, SCHEMA)
    ids = [panel["id"] for panel in DOCUMENT["panels"]]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DOCUMENT["panels"]]
    assert len(set(ids)) == len(set(places)) == len(METRICS)


def test_prometheus_reads_each_expression(tmp_path: Path) -> None:
    """With Grafana's variables filled in, promtool finds no fault."""
    rules = []
    for number, panel in enumerate(DOCUMENT["panels"]):
        expression = panel["targets"][0]["expr"]
        for name, value in (("$__rate_interval", "1m"), ("$host", ".*"), ("$service", ".*")):
            expression = expression.replace(name, value)
        assert "$" not in expression
        rules.append({"record": f"r{number}", "expr": expression})
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "grafana", "rules": rules}]}))
    checked = subprocess.run(
        ["promtool", "check", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert f"{len(METRICS)} rules found" in checked.stdout
