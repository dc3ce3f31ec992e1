"""Exceptions of classes and texts that nobody expects: no loop ends, each is one line."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from collectd_fedmsg.alerts.outputs import NotTaken, Refused, send
from collectd_fedmsg.alerts.service import EvaluatorLoop
from collectd_fedmsg.errors import MAX_TEXT, described
from collectd_fedmsg.hub import responder as responders
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.about import About
from collectd_fedmsg.protocol.roster import Roster
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples.processes import wait_for


class NoText(BaseException):
    def __str__(self) -> str:
        raise ZeroDivisionError


ODD = [
    SystemExit(3),
    GeneratorExit(),
    asyncio.CancelledError(),
    MemoryError(),
    RecursionError("too deep"),
    StopIteration(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    OSError(28, "No space left on device"),
    NoText(),
]


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["take", "tell", "sampler"])
def test_a_daemon_reports_on(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, place: str
) -> None:
    """What cannot be asked of the daemon is left out; its socket is not even closed for it."""
    monkeypatch.setattr(responders, "REVIVE_SECONDS", 60.0)
    raised = threading.Event()

    def broken(here: str, value: Any) -> Any:
        if here == place:
            raised.set()
            raise error
        return value

    class Sampler:
        def due(self) -> float:
            return 0.01

        def look(self) -> None:
            broken("sampler", None)

    daemon = Responder(
        Settings("d", short_folder, interval=1),
        lambda at: broken("take", [Sample("C", at, 1, 1, 0, 0)]),
        lambda: broken("tell", Roster()),
        Sampler(),  # type: ignore[arg-type]
        About,
    )
    daemon.start()
    try:
        for _ in range(2):
            wait_for(
                "it answers", lambda: bool(latest([f"{short_folder}/*"], 1, time.time()).heads), 20
            )
        wait_for("it was raised", raised.is_set, 20)
        wait_for(
            "it answers still",
            lambda: bool(latest([f"{short_folder}/*"], 1, time.time()).heads),
            20,
        )
    finally:
        daemon.stop()


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_an_output_takes_it_later(error: BaseException) -> None:
    class Broken:
        def send(self, _: object) -> None:
            raise error

    with pytest.raises(NotTaken) as caught:
        send(Broken(), {})
    assert not isinstance(caught.value, Refused)
    assert str(caught.value).startswith(type(error).__name__)


@pytest.mark.parametrize("error", [ODD[0], ODD[-1]], ids=lambda error: type(error).__name__)
def test_the_evaluator_goes_on(
    tmp_path: Path, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('every = 1\n[[rule]]\nname = "b"\nwhen = "backlog"\n')
    steps, ended = [], threading.Event()

    def observe(now: float) -> Any:
        steps.append(now)
        if len(steps) == 1:
            raise error
        ended.set()
        return [], []

    with caplog.at_level(logging.ERROR):
        EvaluatorLoop(rules, tmp_path / "alerts.db", observe).run(ended)
    assert len(steps) == 2
    assert any(type(error).__name__ in record.getMessage() for record in caplog.records)


def test_a_text_is_bounded_and_may_raise() -> None:
    assert described(NoText()) == "NoText: its text cannot be had"
    assert len(described(ValueError("x" * 10_000))) == len("ValueError: ") + MAX_TEXT
    assert described(KeyboardInterrupt()) == "KeyboardInterrupt"
