"""The doctor reads in collectd.conf what would lose samples or make the page late."""

from __future__ import annotations

import pytest

from collectd_fedmsg.commands.doctor_collectd_conf import judge, look

GOOD = "WriteThreads 1\nLoadPlugin rrdtool\n"


@pytest.mark.parametrize(("text", "wrong"), [
    pytest.param(GOOD, [], id="as-documented"),
    pytest.param("#WriteThreads 1\nLoadPlugin rrdtool\n", ["WriteThreads is not set: 5"],
                 id="commented-out-is-not-set"),
    pytest.param("writethreads  \"5\"\n", ["WriteThreads 5"], id="any-case-and-quotes"),
    pytest.param(GOOD + "WriteQueueLimitHigh 1000\n", ["WriteQueueLimitHigh 1000, WriteQueue"],
                 id="low-limit-forgotten"),
    pytest.param(GOOD + "WriteQueueLimitHigh 9\nWriteQueueLimitLow 9\n", [], id="equal-limits"),
    pytest.param(GOOD + "<Plugin rrdtool>\n\tCacheTimeout 120\n</Plugin>\n", ["CacheTimeout 120"],
                 id="values-held-back"),
    pytest.param("WriteThreads 1\nLoadPlugin rrdcached\n<Plugin rrdtool>\nCacheTimeout 120\n", [],
                 id="rrdtool-plugin-not-loaded"),
])  # fmt: skip
def test_settings_that_cost_samples(text, wrong):
    """Each is one finding with its key and value; else it says that all is well."""
    findings = list(judge(text, "f"))
    assert [finding.good for finding in findings] == ([False] * len(wrong) or [True])
    for finding, beginning in zip(findings, wrong):
        assert finding.what.startswith(f"f: {beginning}")
        assert finding.hint


def test_a_setting_in_an_included_folder_counts(tmp_path):
    """Debian's and Fedora's collectd.conf include such a folder."""
    file = tmp_path / "collectd.conf"
    file.write_text("LoadPlugin rrdtool\n")
    assert [finding.good for finding in look(str(file))] == [False]
    (tmp_path / "collectd.d").mkdir()
    (tmp_path / "collectd.d" / "ours.conf").write_text("WriteThreads 1\n")
    assert [finding.good for finding in look(str(file))] == [True]
    assert [finding.good for finding in look(str(tmp_path / "none"))] == [None]
