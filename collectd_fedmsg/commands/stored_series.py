"""Find the package that judges stored series, by the entry point ``collectd_fedmsg.stored``.

The dashboard's package does. Refuses to import it by name: imports point inward, and the
daemons' and collectd's environments do without rrdtool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from .. import toml_file
from ..diagnosis.judgement import Judgement
from ..errors import StoreError

GROUP = "collectd_fedmsg.stored"


class Stored(Protocol):
    """Stored series of a fleet, and what is said of them; every method may raise StoreError."""

    def judgement(self, now: float) -> Judgement:
        """Return what is said of every daemon at ``now`` (epoch seconds)."""

    def newest(self, names: Iterable[str]) -> dict[str, float]:
        """Return when these daemons' last samples came, epoch seconds, by id."""

    def beats(self, hosts: Iterable[str]) -> dict[str, float]:
        """Return when collectd's plugin last spoke for itself, epoch seconds, by host."""

    def replay(self, start: int, end: int, every: int) -> Iterator[Judgement]:
        """Yield what would have been said from ``start`` to ``end``, each ``every`` seconds."""


def open_stored(settings: Mapping[str, Any]) -> Stored:
    """Return the stored series that the dashboard's ``settings`` name.

    Raises:
        ConfigError: a setting that cannot work.
        StoreError: nothing that can read them is installed.
    """
    installed = entry_points()
    points = (
        installed.select(group=GROUP) if hasattr(installed, "select") else installed.get(GROUP, ())
    )  # Python 3.9
    for point in points:
        try:
            opened = point.load()
        except ImportError as error:
            raise StoreError(
                f"stored series cannot be read, {error.name} is not installed:"
                " install collectd-fedmsg[dashboard]"
            ) from error
        return cast(Stored, opened(settings))
    raise StoreError("nothing here can read stored series: install collectd-fedmsg[dashboard]")


def settings_of(file: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dashboard's settings: of its TOML file, when named, and above them ``given``.

    Raises:
        ConfigError: the file cannot be read.
    """
    settings: dict[str, Any] = {}
    if file:
        settings = toml_file.read(file)
    return {**settings, **{key: value for key, value in values.items() if value}}
