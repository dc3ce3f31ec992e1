"""What diagnose and backtest refuse, what their exit codes mean, and how far a backtest is."""

from __future__ import annotations

import time

import pytest

from collectd_fedmsg import cli
from collectd_fedmsg.commands.backtest import MAX_MOMENTS, Progress
from collectd_fedmsg.commands.diagnose import exit_code
from collectd_fedmsg.diagnosis import Diagnosis, Finding, Verdict
from collectd_fedmsg.diagnosis.judgement import Judged, Judgement

NOW = 1_700_000_000.0


def judgement(*verdicts):
    """Return a fleet's judgement, a daemon a verdict."""
    return Judgement(
        NOW,
        tuple(
            Judged(f"h/hub/C{n}", "h", "hub", f"C{n}", Diagnosis(NOW, (Finding(verdict, 1.0),)))
            for n, verdict in enumerate(verdicts)
        ),
        (),
    )


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        pytest.param([Verdict.OK, Verdict.IDLE], 0, id="all-well"),
        pytest.param([Verdict.OK, Verdict.RECOVERING], 0, id="nothing-for-today"),
        pytest.param([Verdict.OK, Verdict.SLOW], 1, id="one-is-slow"),
        pytest.param([Verdict.UNKNOWN, Verdict.SLOW], 1, id="one-slow-one-not-known"),
        pytest.param([Verdict.UNKNOWN, Verdict.OK], 0, id="one-not-known"),
        pytest.param([Verdict.UNKNOWN, Verdict.UNKNOWN], 2, id="nothing-but-unknown"),
    ],
)
def test_what_a_diagnosis_ends_with(verdicts, code):
    """With nothing but UNKNOWN the exit code is never 0."""
    assert exit_code(judgement(*verdicts)) == code


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["diagnose", "--at", "AHEAD"], id="diagnose-at"),
        pytest.param(["backtest", "--from", "2h", "--to", "AHEAD"], id="backtest-to"),
    ],
)
def test_a_moment_to_come_is_refused(command, tmp_path, capsys):
    """Nothing is known of it: an error, no verdict of the newest sample."""
    pytest.importorskip("rrdtool")
    ahead = str(int(time.time()) + 7200)
    arguments = [ahead if argument == "AHEAD" else argument for argument in command]
    assert cli.main([*arguments, "--data-dir", str(tmp_path)]) == 2
    output = capsys.readouterr()
    assert "has not come yet" in output.err
    assert output.out == ""


def test_too_many_moments_are_refused_with_what_would_do(tmp_path, capsys):
    """A year of seconds is not begun; the sentence names the interval that is possible."""
    assert (
        cli.main(["backtest", "--from", "365d", "--every", "1", "--data-dir", str(tmp_path)]) == 2
    )
    error = capsys.readouterr().err
    assert f"more than {MAX_MOMENTS:,}" in error
    assert f"--every {-(-365 * 86400 // MAX_MOMENTS)}" in error


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(NOW, "0%; – left", id="begun"),
        pytest.param(NOW + 25, "25%; 30 s left", id="a-quarter"),
        pytest.param(NOW + 100, "100%; 0 s left", id="done"),
    ],
)
def test_progress_says_how_much_is_left(moment, expected):
    """By the share of the time that was judged in the first ten seconds."""
    assert Progress(NOW, NOW + 100).text(moment, 10.0).endswith(expected)


def test_progress_is_silent_without_a_terminal(capsys):
    """A log or a pipe gets no control characters."""
    Progress(NOW, NOW + 100).show(NOW + 100)
    assert capsys.readouterr().err == ""
