"""Verdicts of stored series: aware of the week, the same from page, commands and alerts."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import collectd_fedmsg_dashboard
from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg import cli
from collectd_fedmsg.alerts.rules import Rule, RuleSet
from collectd_fedmsg.commands.paging import Paging
from collectd_fedmsg.commands.stored_series import open_stored
from tests.integration.weeks import COLLECTD, HOST, LEAN, live, moment, usual

#: A single archive, all at the samples' own step.
FINE = ((1, 60_000),)
TUESDAY = moment("2026-09-15T11:00")
SURGE = TUESDAY - 1200


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let the page read all weeks at once, as commands do, however long a busy machine takes."""
    monkeypatch.setattr(collectd_fedmsg_dashboard, "BUDGET", None)


def quiet_for(seconds, end):
    """Nothing arrives in the last seconds."""
    return lambda t: (0.0, 0.1) if t > end - seconds else usual(t)


def surging(t):
    """Fifty messages a second for the last twenty minutes, of which ten can be handled."""
    return (50.0, 0.1) if t > SURGE else usual(t)


def slow(t):
    return (5.0, 0.8) if t > SURGE else usual(t)


def command(capsys, *arguments):
    """Return a command's exit code and its JSON."""
    code = cli.main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("layout", "step", "when", "expected"),
    [
        pytest.param(LEAN, 60, "2026-09-15T11:00", "STARVED", id="tuesday-forenoon"),
        pytest.param(LEAN, 60, "2026-09-15T03:00", "IDLE", id="tuesday-night"),
        pytest.param(LEAN, 60, "2026-09-13T11:00", "IDLE", id="sunday-forenoon"),
        pytest.param(COLLECTD, 10, "2026-09-15T11:00", "STARVED", id="collectd-forenoon"),
        pytest.param(FINE, 60, "2026-09-15T11:00", "STARVED", id="one-archive-forenoon"),
        pytest.param(FINE, 60, "2026-09-13T11:00", "IDLE", id="one-archive-sunday"),
    ],
)
def test_what_is_usual_depends_on_the_hour_of_the_week(tmp_path, layout, step, when, expected):
    """An hour of silence is alarming in office hours only, at any layout of the archives."""
    end = moment(when)
    live(
        tmp_path,
        end,
        flow=quiet_for(3600, end),
        layout=layout,
        step=step,
        days=9 if step == 10 else 29,
    )
    (judged,) = open_stored({"data_dir": tmp_path}).judgement(end).daemons
    assert judged.diagnosis.verdict.name == expected
    assert "a baseline" not in judged.diagnosis.missing
    assert judged.diagnosis.usual.received == pytest.approx(
        5.0 if expected == "STARVED" else 0.0, rel=0.02
    )


def test_without_three_hours_there_is_no_baseline(tmp_path):
    """A daemon watched for two hours is judged by its own window, and the answer says so."""
    live(tmp_path, TUESDAY, days=2 / 24, flow=lambda t: (5.0, 0.1))
    (judged,) = open_stored({"data_dir": tmp_path}).judgement(TUESDAY + 1).daemons
    assert "a baseline" in judged.diagnosis.missing


@pytest.mark.parametrize(
    "layout",
    [pytest.param(LEAN, id="half-hours"), pytest.param(((1, 2000), (50, 1200)), id="50-minutes")],
)
def test_a_creep_has_its_date(tmp_path, layout):
    """Utilisation 0.4 five days ago, 0.28 points more each hour, 0.74 now: full in 94 hours."""
    noise = random.Random(1)
    began = TUESDAY - 5 * 86400

    def creeping(t):
        hours = max(0, t - began) / 3600
        return 5.0 * noise.uniform(0.9, 1.1), 0.08 * (1 + 0.007 * hours)

    live(tmp_path, TUESDAY, days=15, flow=creeping, layout=layout)
    (judged,) = open_stored({"data_dir": tmp_path}).judgement(TUESDAY).daemons
    assert judged.diagnosis.verdict.name == "CREEP"
    assert (judged.diagnosis.saturation_time - TUESDAY) / 3600 == pytest.approx(94, rel=0.2)


def test_more_of_a_slow_topic_is_no_slow_database(tmp_path):
    """As many messages, each topic as fast as ever, more of the slow one: MIX names it."""
    costs = {"fast": 0.02, "slow": 0.5}

    def slow_share(t):
        return 0.8 if t > SURGE else 0.1

    def flow(t):
        return 5.0, slow_share(t) * costs["slow"] + (1 - slow_share(t)) * costs["fast"]

    live(
        tmp_path,
        TUESDAY,
        flow=flow,
        costs=costs,
        topics={"slow": slow_share, "fast": lambda t: 1 - slow_share(t)},
    )
    (judged,) = open_stored({"data_dir": tmp_path}).judgement(TUESDAY).daemons
    assert judged.diagnosis.verdict.name == "MIX"
    assert judged.diagnosis.findings[0].topic == "slow"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Three daemons: one with a surge of its topic, one whose work is slow, one well."""
    root = tmp_path_factory.mktemp("rrd")
    live(
        root,
        TUESDAY,
        consumer="Surging",
        flow=surging,
        topics={
            "buildsys": lambda t: 0.9 if t > SURGE else 0.1,
            "wiki": lambda t: 0.1 if t > SURGE else 0.9,
        },
    )
    live(root, TUESDAY, consumer="Slow", flow=slow)
    live(root, TUESDAY, consumer="Well")
    return root


def test_a_surge_is_split_and_its_topic_named(fleet, capsys):
    """Of the growth nearly all is excess arrivals; the topic that grew is blamed."""
    code, answer = command(capsys, "diagnose", "--data-dir", fleet, "--at", TUESDAY)
    assert code == 1
    daemons = {row["consumer"]: row for row in answer["daemons"]}
    surge = daemons["Surging"]
    assert (surge["verdict"], surge["findings"][0]["topic"]) == ("SURGE", "buildsys")
    assert surge["split"]["excess"] / surge["split"]["growth"] > 0.9
    assert surge["split"]["excess"] + surge["split"]["lost"] == pytest.approx(
        surge["split"]["growth"]
    )
    assert daemons["Slow"]["verdict"] == "SLOW"
    assert daemons["Well"]["verdict"] == "OK"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(0, id="at-its-height"),
        pytest.param(900, id="five-minutes-in"),
        pytest.param(1150, id="just-begun"),
        pytest.param(7200, id="two-hours-before"),
    ],
)
def test_page_command_and_alerts_say_the_same(fleet, capsys, before):
    """Same store, same moment, same verdict; nothing later than the moment is looked at."""
    at = TUESDAY - before
    app = create_app({"data_dir": fleet})
    page = {row["consumer"]: row["state"] for row in app.extensions["fleet"].answer(at)["daemons"]}
    _, answer = command(capsys, "diagnose", "--data-dir", fleet, "--at", at)
    by_command = {row["consumer"]: row["verdict"] for row in answer["daemons"]}
    (replayed,) = open_stored({"data_dir": fleet}).replay(at, at, 60)
    by_replay = {daemon.consumer: daemon.diagnosis.verdict.name for daemon in replayed.daemons}
    alerting = Paging(RuleSet((Rule("ill", "verdict", verdicts=("SURGE", "SLOW"), hold=0.0),)))
    alerting.add(replayed)
    by_alerts = {alert.subject.consumer: alert.cause for alert in alerting._state.alerts}
    assert page == by_command == by_replay
    assert by_alerts == {name: state for name, state in page.items() if state in ("SURGE", "SLOW")}
    if before in (0, 900):
        assert page == {"Surging": "SURGE", "Slow": "SLOW", "Well": "OK"}
    if before == 7200:
        assert set(page.values()) == {"OK"}


def test_backtest_says_when_and_how_often_it_had_paged(fleet, tmp_path, capsys):
    """Each verdict with its beginning, end and length; pages and how many a month."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "ill"\nwhen = "verdict"\nverdicts = ["SURGE", "SLOW"]\nhold = "2min"\n'
    )
    code, answer = command(
        capsys,
        "backtest",
        "--data-dir",
        fleet,
        "--from",
        TUESDAY - 7200,
        "--to",
        TUESDAY,
        "--every",
        60,
        "--rules",
        rules,
    )
    assert code == 0
    episodes = {
        (episode["subject"].rpartition("/")[2], episode["verdict"]): episode
        for episode in answer["episodes"]
    }
    surge = episodes["Surging", "SURGE"]
    assert SURGE + 60 <= surge["start"] <= SURGE + 5 * 60
    assert (surge["end"], surge["over"]) == (TUESDAY, False)
    assert surge["duration"] == surge["end"] - surge["start"]
    assert ("Well", "OK") not in episodes
    paged = [name for page in answer["pages"] for name in page["subjects"]]
    assert {name.rpartition("/")[2] for name in paged} == {"Surging", "Slow"}
    assert answer["pages_per_month"] is None  # two hours are too few to say
    assert (
        cli.main(
            [
                "backtest",
                "--data-dir",
                str(fleet),
                "--from",
                str(TUESDAY - 2 * 86400),
                "--to",
                str(TUESDAY),
                "--every",
                "300",
                "--rules",
                str(rules),
            ]
        )
        == 0
    )
    report = capsys.readouterr().out.splitlines()
    pages = [line for line in report if "  page (warning): " in line]
    assert len(pages) >= 1
    assert report[-1] == f"{len(pages)} pages in 2 d: {len(pages) * 30.436875 / 2:.1f} a month"
    assert any(" SURGE " in line and "Surging" in line and ", still)" in line for line in report)


def test_a_shared_database_is_one_incident_everywhere(tmp_path, capsys):
    """Declared in the dashboard's file; page, command and backtest make one of three."""
    root = tmp_path / "rrd"
    for number in range(2):
        live(root, TUESDAY, days=9, consumer=f"User{number}", flow=slow)
        live(root, TUESDAY, days=9, consumer=f"Other{number}")
    file = tmp_path / "dashboard.toml"
    file.write_text(
        f'data_dir = "{root}"\n[[shared]]\nname = "koji-db"\ndaemons = ["{HOST}/hub/User*"]\n'
    )
    code, report = command(capsys, "diagnose", "--config", file, "--at", TUESDAY)
    assert code == 1
    shared = [incident for incident in report["incidents"] if incident["shared"]]
    assert [
        (incident["scope"], incident["name"], incident["cause"], len(incident["members"]))
        for incident in shared
    ] == [("DEPENDENCY", "koji-db", "SLOW", 2)]
    app = create_app(
        {"data_dir": root, "shared": [{"name": "koji-db", "daemons": [f"{HOST}/hub/User*"]}]}
    )
    answer = app.extensions["fleet"].answer(TUESDAY)
    assert [incident["sentence"] for incident in answer["incidents"]] == [
        incident["sentence"] for incident in shared
    ]
    _, report = command(
        capsys, "backtest", "--config", file, "--from", TUESDAY - 3600, "--to", TUESDAY
    )
    assert [incident["subject"] for incident in report["incidents"]] == ["dependency koji-db"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        pytest.param(("diagnose", "--at", "2h"), 2, "wants stored series", id="at-without-store"),
        pytest.param(
            ("diagnose", "--data-dir", "/nowhere/at/all"),
            2,
            "command line: data_dir = '/nowhere/at/all': is no folder",
            id="no-folder",
        ),
        pytest.param(
            ("diagnose", "--data-dir", "/usr/share/doc"),
            2,
            "nothing is stored here of any daemon",
            id="empty-folder",
        ),
        pytest.param(
            ("diagnose", "--data-dir", "/usr/share/doc", "--service", "hub"),
            2,
            "no daemon is known here with service 'hub'",
            id="no-daemon-of-that-name",
        ),
        pytest.param(
            ("diagnose", "--endpoints", "/nowhere/*.sock"),
            2,
            "no daemon answers: `collectd-fedmsg doctor` says why",
            id="no-daemon-answers",
        ),
        pytest.param(("diagnose", "--config", "/nowhere.toml"), 2, "/nowhere.toml", id="no-file"),
        pytest.param(
            ("backtest", "--data-dir", "/usr/share/doc", "--from", "1h"),
            2,
            "nothing is stored here",
            id="backtest-of-no-daemon",
        ),
        pytest.param(("backtest", "--from", "1h"), 2, "say where the series are", id="no-store"),
        pytest.param(
            ("backtest", "--data-dir", "/x", "--from", "1h", "--to", "2h"),
            2,
            "--from must be before",
            id="backwards",
        ),
        pytest.param(
            ("backtest", "--data-dir", "/x", "--from", "1h", "--rules", "/nowhere.toml"),
            2,
            "/nowhere.toml",
            id="no-rules",
        ),
    ],
)
def test_what_cannot_be_answered_is_an_error(capsys, arguments, code, text):
    assert cli.main(list(arguments)) == code
    assert text in capsys.readouterr().err


def test_a_time_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        cli.main(["diagnose", "--at", "teatime"])
    assert "'teatime' must be now" in capsys.readouterr().err


def test_without_the_dashboard_the_error_says_what_to_install(tmp_path):
    """The commands' package alone has no store; it says how to get one."""
    program = (
        "import sys\nsys.modules['rrdtool'] = None\n"
        "from collectd_fedmsg.cli import main\n"
        f"sys.exit(main(['diagnose', '--data-dir', {str(tmp_path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "python3-rrdtool" in done.stderr
