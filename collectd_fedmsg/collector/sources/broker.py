"""A broker to read, as collectd.conf names it, and why one cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ...errors import HealthError
from ...files import read_file

#: Bytes of a password file.
MAX_PASSWORD = 4096


class BrokerError(HealthError):
    """A broker, or a virtual host of it, cannot be read; ``cure`` says what to do."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(f"{what}: {cure}" if cure else what)
        self.what = what
        self.cure = cure


@dataclass(frozen=True)
class Broker:
    """One ``<RabbitMQ url>`` block.

    ``url`` is ``http(s)://host:port`` of the management API, or ``amqp://host:port`` where that
    is not there.
    """

    url: str
    user: str = "guest"
    password_file: Path | None = None
    vhosts: tuple[str, ...] = ("/",)
    #: Names or shell patterns of queues.
    queues: tuple[str, ...] = ("*",)
    #: Queue → service, where it is not the queue's own name.
    services: Mapping[str, str] = field(default_factory=dict)

    def password(self) -> str:
        """Return the file's first line; RabbitMQ's default without a file.

        Raises:
            BrokerError: the file cannot be read.
        """
        if self.password_file is None:
            return "guest"
        try:
            return read_file(self.password_file, MAX_PASSWORD).decode().partition("\n")[0]
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8"
            raise BrokerError(
                f"PasswordFile {self.password_file}: {reason}", "let collectd's user read it"
            ) from error

    def wants(self, queue: str) -> bool:
        """Return whether a queue matches one of the patterns."""
        return any(fnmatchcase(queue, pattern) for pattern in self.queues)

    def service(self, vhost: str, queue: str) -> str:
        """Return the service that a queue's numbers go under.

        The vhost is part of it from the second on: two may have queues of one name.
        """
        if queue in self.services:
            return self.services[queue]
        return queue if vhost == self.vhosts[0] else f"{queue}@{vhost}"


@dataclass
class BrokerAnswer:
    """What one round of a broker brought, by vhost: rows of queues, or why there are none."""

    rows: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    errors: dict[str, BrokerError] = field(default_factory=dict)
    #: Whether a queue without totals has had no message: not with AMQP 1.0 (4.0), nor without
    #: statistics.
    counts_all: bool = False
    #: Why the broker has fewer figures than it could, empty when it has all.
    note: str = ""
    octets: int = 0
