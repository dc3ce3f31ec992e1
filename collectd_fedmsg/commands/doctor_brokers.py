"""Ask the brokers named in collectd.conf as collectd does, and say how to fix a refusal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..collector.config import OPTIONS, read_options
from ..collector.sources.broker import Broker, BrokerError
from ..collector.sources.rabbitmq import RabbitSource, read
from ..config_check import Checker
from .doctor_finding import DoctorFinding

TIMEOUT_SECONDS = 3.0
_BLOCK = re.compile(
    r"^[ \t]*<RabbitMQ[ \t]+([^>\n]+)>(.*?)^[ \t]*</RabbitMQ>",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


@dataclass
class _Node:
    """A block or option, as collectd hands it to a plugin."""

    key: str
    values: tuple[str, ...]
    children: list[_Node] = field(default_factory=list)


def look(text: str, name: str) -> Iterator[DoctorFinding]:
    """Ask each broker of a collectd.conf (its ``text``, of the file ``name``) once."""
    checker = Checker(name)
    blocks = _Node("Module", (), list(_blocks(text)))
    brokers: tuple[Broker, ...] = read_options(
        blocks, {"RabbitMQ": OPTIONS["RabbitMQ"]}, checker
    ).get("brokers", ())
    for mistake in checker.mistakes:
        yield DoctorFinding(
            False, str(mistake), "correct it: the whole block of our plugin is refused"
        )
    for broker in brokers:
        yield from _ask(broker)


def _blocks(text: str) -> Iterator[_Node]:
    for values, body in _BLOCK.findall(text):
        options = []
        for line in body.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                options.append(_Node(words[0], tuple(words[1:])))
        yield _Node("RabbitMQ", tuple(shlex.split(values)), options)


def _ask(broker: Broker) -> Iterator[DoctorFinding]:
    try:
        answer = read(broker, TIMEOUT_SECONDS)
    except BrokerError as error:
        yield DoctorFinding(False, f"{broker.url}: {error.what}", error.cure)
        return
    except OSError as error:
        yield DoctorFinding(
            False,
            f"{broker.url}: {error}",
            "is the broker started, and rabbitmq_management enabled there?",
        )
        return
    for vhost, refusal in answer.errors.items():
        yield DoctorFinding(False, f"{broker.url}, {vhost}: {refusal.what}", refusal.cure)
    source = RabbitSource([broker], 1.0)
    try:
        collected = source.collect(TIMEOUT_SECONDS, 0.0)
    finally:
        source.close()
    for subject, note in collected.notes.items():
        yield DoctorFinding(None, f"{subject}: {note}")
    if not answer.errors:
        queues = len(collected.fresh)
        yield DoctorFinding(
            queues > 0 or None,
            f"{broker.url} reports {queues} queues",
            "" if queues else "new ones have no figures for 5 s; else see Queues",
        )
