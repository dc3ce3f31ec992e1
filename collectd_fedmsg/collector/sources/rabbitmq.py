"""Queues of RabbitMQ: received, processed and backlog of every consumer, in any language.

Received is what was published into a queue, processed what was acknowledged or taken without
acknowledgement, workers its consumers. What is requeued is redelivered, not processed; what
expired, was dropped, purged or rejected vanished. Streams have no backlog and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from . import management_api, passive_declare
from .base import SampleOrigin, SourceRound
from .broker import Broker, BrokerAnswer, BrokerError
from .questions import Questions
from .queue_account import NO_TOTALS, Figures, QueueAccount

#: Queues of one broker beyond this are not read: each is a dozen files.
MAX_QUEUES = 10_000
#: Seconds after which the broker's statistics are new; asked more often they would stand still
#: and jump.
MIN_STEP_SECONDS = 5.0


class RabbitSource:
    """Ask brokers for their queues.

    Args:
        brokers: what collectd.conf names.
        interval: seconds between rounds; of which some are left out, where it is short.
    """

    def __init__(self, brokers: Sequence[Broker], interval: float) -> None:
        self._brokers = {broker.url: broker for broker in brokers}
        self._step = math.ceil(MIN_STEP_SECONDS / interval) * interval
        #: The number of the step in which brokers were asked last.
        self._asked_in: float | None = None
        self._questions: Questions[BrokerAnswer] = Questions(len(brokers), "rabbitmq")
        self._accounts: dict[tuple[str, str, str], QueueAccount] = {}
        #: Service → the queue (url, vhost, name) whose numbers go under it.
        self._owners: dict[str, tuple[str, str, str]] = {}
        self._services: set[str] = set()
        self._unheard = set(self._brokers)

    def collect(self, timeout: float, now: float) -> SourceRound:
        """Return each queue's samples, once in each step; a broker that does not answer is silent.

        Their time is the step's edge before ``now`` (s).
        """
        harvested = SourceRound()
        number = now // self._step
        if number == self._asked_in:
            return harvested
        self._asked_in = number
        # On the step's edge: RRD leaves a step unknown in which a series begins.
        now = number * self._step
        asked = {url: partial(read, broker, timeout) for url, broker in self._brokers.items()}
        answers, raised, harvested.silent = self._questions.ask(asked, timeout)
        for url, error in raised.items():
            harvested.silent.append(url)
            harvested.errors[url] = (
                str(error)
                if isinstance(error, BrokerError)
                else (f"{type(error).__name__}: {error}")
            )
        for url, answer in answers.items():
            harvested.octets += answer.octets
            if not answer.errors:
                self._unheard.discard(url)
            if answer.note:
                harvested.notes[url] = answer.note
            for vhost, refusal in answer.errors.items():
                harvested.errors[f"{url} {vhost}"] = str(refusal)
            for vhost in answer.rows:
                self._take(url, vhost, answer, now, harvested)
        return harvested

    def has_queue(self, service: str) -> bool | None:
        """Return whether a queue of a service was ever read; None while a broker is unheard.

        It stays so, for two sources in turn would draw a spike at each turn.
        """
        if service in self._services:
            return True
        return None if self._unheard else False

    def close(self) -> None:
        """Let no new question begin."""
        self._questions.close()

    def _take(
        self, url: str, vhost: str, answer: BrokerAnswer, now: float, harvested: SourceRound
    ) -> None:
        broker, rows = self._brokers[url], answer.rows[vhost]
        place, wanted = f"{broker.url} {vhost}", list(_wanted(broker, rows))
        if not wanted:
            harvested.notes[place] = (
                f"vhost {vhost!r} has no queue"
                if not rows
                else f"none of the {len(rows)} queues of vhost {vhost!r} matches Queues"
                " (streams have no backlog)"
            )
        there = set()
        for name, row in wanted[:MAX_QUEUES]:
            key = (broker.url, vhost, name)
            account = self._accounts.setdefault(key, QueueAccount())
            there.add(key)
            try:
                samples = account.samples(Figures.of(row, answer.counts_all), now)
            except (ValueError, TypeError, AttributeError) as error:
                harvested.errors[f"{place} {name}"] = f"not a queue's figures: {error!r:.100}"
                continue
            if account.why and not (answer.note and account.why == NO_TOTALS):
                harvested.notes[f"{place} {name}"] = account.why
            service = broker.service(vhost, name)
            owner = self._owners.setdefault(service, key)
            if owner != key:
                harvested.errors[f"{place} {name}"] = (
                    f"its service {service!r} is queue {owner[2]!r} of {owner[0]} already:"
                    " give one of them another name with Service"
                )
                continue
            self._services.add(service)
            if samples:
                origin = SampleOrigin(service, self._step)
                harvested.fresh.append((f"{place} {name}", origin, samples))
        for key in [key for key in self._accounts if key[:2] == (broker.url, vhost)]:
            if key not in there:
                del self._accounts[key]
                self._owners = {name: owner for name, owner in self._owners.items() if owner != key}


def _wanted(broker: Broker, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for row in rows:
        name = row.get("name")
        if isinstance(name, str) and name and row.get("type") != "stream" and broker.wants(name):
            yield name, row


def read(broker: Broker, timeout: float) -> BrokerAnswer:
    """Return what a broker says of its queues, in the way that its address names.

    Raises:
        BrokerError, OSError: it cannot be read.
    """
    if urlsplit(broker.url).scheme == "amqp":
        return passive_declare.read(broker, timeout)
    return management_api.read(broker, timeout)
