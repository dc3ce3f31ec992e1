"""A daemon's name when none is configured."""

from __future__ import annotations

import pytest

from collectd_fedmsg.hub.settings import default_service


@pytest.mark.parametrize(
    ("program", "service"),
    [
        pytest.param("/usr/bin/fedmsg-hub-3", "hub", id="distribution's"),
        pytest.param("/srv/venv/bin/fedmsg-relay", "relay", id="ours"),
        pytest.param("my daemon.py", "my_daemon", id="own-script"),
        pytest.param("-c", "hub", id="no-command"),
        pytest.param("", "hub", id="nothing"),
    ],
)
def test_default_service(program: str, service: str) -> None:
    assert default_service(program) == service
