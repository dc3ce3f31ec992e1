"""The console command of the page where what it needs is not installed."""

from __future__ import annotations

import importlib
import sys

import pytest

from collectd_fedmsg.commands import dashboard


def test_a_missing_module_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installed without the extra: the module and the cure are named, no traceback."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == "collectd_fedmsg_dashboard":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flask", None)
    assert dashboard.main() == 2
    error = capsys.readouterr().err
    assert "needs the module flask" in error
    assert "pip install 'collectd-fedmsg[dashboard]'" in error


def test_a_mistake_of_ours_is_no_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ModuleNotFoundError(name, name="collectd_fedmsg.nowhere")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        dashboard.main()
