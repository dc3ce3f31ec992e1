"""RabbitMQ's management API: one GET per virtual host and round, with only the needed columns.

1,000 queues are about 150 kB. A refusal is one line that names the cure.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ...http_client import Answer, exchange
from .broker import Broker, BrokerAnswer, BrokerError

#: Bytes of one vhost's answer: about 100,000 queues.
MAX_BYTES = 16 << 20
COLUMNS = (
    "name",
    "type",
    "messages",
    "consumers",
    "message_stats.publish",
    "message_stats.ack",
    "message_stats.deliver_no_ack",
    "message_stats.get_no_ack",
    "message_stats.redeliver",
)
#: From this edition on AMQP 1.0 is native, and its messages are in no total.
NATIVE_AMQP_1 = 4


@dataclass(frozen=True)
class Statistics:
    """What a broker counts at all."""

    edition: int
    totals: bool
    gauges: bool

    @property
    def note(self) -> str:
        """Return what is off and how to switch it on, empty when nothing is."""
        if not self.gauges:
            return (
                "its statistics are switched off: backlog only"
                " (rabbitmq.conf: management_agent.disable_metrics_collector = false)"
            )
        if not self.totals:
            return (
                "it counts no messages: backlog and consumers only"
                " (rabbitmq.conf: management.rates_mode = basic)"
            )
        return ""


def read(broker: Broker, timeout: float) -> BrokerAnswer:
    """Return the queues of each of a broker's vhosts, within ``timeout`` seconds in all.

    Raises:
        BrokerError: nothing of it can be read.  OSError: it does not answer.
    """
    api = _Api(broker, time.monotonic() + timeout)
    statistics = api.statistics()
    more = "" if statistics.gauges else "&disable_stats=true&enable_queue_totals=true"
    answer = BrokerAnswer(
        counts_all=statistics.totals and statistics.gauges and statistics.edition < NATIVE_AMQP_1,
        note=statistics.note,
    )
    for vhost in broker.vhosts:
        path = f"/api/queues/{quote(vhost, safe='')}?columns={','.join(COLUMNS)}{more}"
        try:
            rows = api.get(path, vhost)
        except BrokerError as error:
            answer.errors[vhost] = error
        else:
            answer.rows[vhost] = [row for row in rows if isinstance(row, dict)]
    answer.octets = api.octets
    return answer


class _Api:
    """One round's requests."""

    def __init__(self, broker: Broker, end: float) -> None:
        self._broker = broker
        self._end = end
        login = f"{broker.user}:{broker.password()}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(login).decode('ascii')}"}
        self.octets = 0

    def statistics(self) -> Statistics:
        overview = self.get("/api/overview?columns=rabbitmq_version,rates_mode,disable_stats", "")
        edition = str(overview.get("rabbitmq_version", "")).partition(".")[0]
        return Statistics(
            int(edition) if edition.isdigit() else NATIVE_AMQP_1,
            totals=overview.get("rates_mode") != "none",
            gauges=overview.get("disable_stats") is not True,
        )

    def get(self, path: str, vhost: str) -> Any:
        answer = exchange(
            self._broker.url.rstrip("/") + path,
            headers=self._headers,
            timeout=max(0.001, self._end - time.monotonic()),
            max_bytes=MAX_BYTES,
        )
        self.octets += len(answer.body)
        if answer.status != http.client.OK:
            raise _refusal(self._broker, vhost, answer)
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise BrokerError(
                "what answers is not RabbitMQ's management API",
                "is the port that of rabbitmq_management (15672)?",
            ) from error


def _refusal(broker: Broker, vhost: str, answer: Answer) -> BrokerError:
    reason = answer.excerpt().lower()
    user, place = broker.user, vhost or "/"
    if answer.status == http.client.UNAUTHORIZED and "virtual host" in reason:
        return BrokerError(
            f"user {user!r} may not see vhost {place!r}",
            f"rabbitmqctl set_permissions -p {place} {user} '' '' ''",
        )
    if answer.status == http.client.UNAUTHORIZED and "management user" in reason:
        return BrokerError(
            f"user {user!r} may not use the management API",
            f"rabbitmqctl set_user_tags {user} monitoring",
        )
    if answer.status == http.client.UNAUTHORIZED:
        return BrokerError(
            f"user {user!r} or the password is wrong",
            "check User and PasswordFile, or rabbitmqctl change_password",
        )
    if answer.status == http.client.NOT_FOUND and vhost:
        return BrokerError(f"there is no vhost {vhost!r}", "rabbitmqctl list_vhosts")
    if answer.status == http.client.NOT_FOUND:
        return BrokerError(
            "there is no management API at this address",
            "rabbitmq-plugins enable rabbitmq_management",
        )
    return BrokerError(f"answers {answer.status} {answer.excerpt()}")
