"""The public counting API: the documented example, forked children, and what may go wrong."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import pytest

from collectd_fedmsg import counting
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.protocol.about import Release
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples.chain import ROOT
from examples.processes import wait_for

EXAMPLE = (ROOT / "examples" / "counted_consumer.py").read_text("utf-8")


def newest(folder: Path) -> dict[int, Sample]:
    """Return the newest sample by process."""
    harvest = latest([f"{folder}/*.sock"], 30.0, time.time())
    assert not harvest.errors
    return {origin.pid: samples[-1] for _, origin, samples in harvest.fresh if samples}


def test_the_documented_example(short_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands in the how-to, but for its folder; ten lines of code."""
    code = EXAMPLE.replace(
        "waiting=messages.qsize",
        f"waiting=messages.qsize, interval=1, run_folder={str(short_folder)!r}",
    )
    example: dict[str, object] = {}
    exec(compile(code, "counted_consumer", "exec"), example)
    for topic in ("a", "a", "b"):
        example["messages"].put({"topic": topic})
    example["run"]()
    example["messages"].put({"topic": "c"})
    with pytest.raises(KeyError):
        example["archive"]({})
    try:
        wait_for(
            "it is served",
            lambda: [sample.processed for sample in newest(short_folder).values()] == [4],
        )
        [sample] = newest(short_folder).values()
    finally:
        example["consumer"].stop()
    assert (sample.consumer, sample.received, sample.waiting) == ("Archiver", 5, 1)
    assert sample.failed == 1
    assert sample.topics == {"a": 2, "b": 1, "other": 1}
    assert capsys.readouterr().out.split() == ["a", "a", "b"]
    lines = [line for line in EXAMPLE.splitlines() if line.strip() and '"""' not in line]
    assert len(lines) <= 12


def test_the_version_of_its_package(short_folder: Path) -> None:
    """The distribution that its module was installed by, and this Python's version."""
    consumer = counting.Consumer("Worker", service="pool", packages=("_pytest.config",),
                                 interval=1, run_folder=str(short_folder))  # fmt: skip
    consumer.start()
    try:
        wait_for("it is served", lambda: bool(newest(short_folder)))
        [reply] = latest([f"{short_folder}/*.sock"], 30.0, time.time()).heads.values()
    finally:
        consumer.stop()
    assert reply.about.python == platform.python_version()
    assert reply.about.releases == (Release("Worker", "pytest", pytest.__version__),)
    assert reply.about.slowest is None


def test_a_forked_child_is_a_separate_replica(short_folder: Path) -> None:
    """It counts from 0, at its own socket, under another name; the parent counts on."""
    consumer = counting.Consumer(
        "Worker", service="pool", replicas=True, interval=1, run_folder=str(short_folder)
    )
    with consumer.handling("t"):
        pass
    done, hold = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hold)
        for _ in range(3):
            consumer.end(consumer.begin("t"))
        os.read(done, 1)
        os._exit(0)
    try:
        wait_for(
            "both are there",
            lambda: (
                {pid: sample.processed for pid, sample in newest(short_folder).items()}
                == {os.getpid(): 1, child: 3}
            ),
        )
        names = {sample.consumer for sample in newest(short_folder).values()}
        assert len(names) == 2
        assert {name.partition("#")[0] for name in names} == {"Worker"}
    finally:
        os.close(hold)
        os.waitpid(child, 0)
        os.close(done)
        consumer.stop()


def test_a_folder_that_cannot_be_made_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    consumer = counting.Consumer("C", service="c", run_folder="/proc/none/of/it")
    assert consumer.counted(lambda message: message["n"])({"n": 3}) == 3
    wait_for("it is logged", lambda: "/proc/none" in caplog.text)
    consumer.stop()


@pytest.mark.parametrize(
    "settings",
    [{"service": "no/name"}, {"service": "c", "interval": 0}, {"service": "c", "unheard": 1}],
)
def test_a_wrong_setting_is_refused_at_once(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        counting.Consumer("C", **settings)


def test_what_is_no_failure_is_none(short_folder: Path) -> None:
    class AgainError(Exception):
        """Comes again: no error."""

    consumer = counting.Consumer(
        "C", service="c", no_failures=(AgainError,), interval=1, run_folder=str(short_folder)
    )

    def handle(error: type[Exception]) -> None:
        with consumer.handling():
            raise error

    for error in (AgainError, ValueError):
        with pytest.raises(error):
            handle(error)
    wait_for(
        "both are counted",
        lambda: (
            [(sample.processed, sample.failed) for sample in newest(short_folder).values()]
            == [(2, 1)]
        ),
    )
    consumer.stop()
