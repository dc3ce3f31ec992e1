"""The one table: each metric, its collectd type, kind, unit and meaning.

README's table, the collectd plugin, the dashboard and the exporters all read it.
Stock types only (types.db(5)), so that nothing has to be carried to a central server.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .names import escape, unescape

#: collectd's plugin name; the plugin instance is the service. Fedora's since 2014.
PLUGIN = "fedmsg"


class Kind(Enum):
    """How a value behaves in time; the names are RRD's (rrdcreate(1))."""

    DERIVE = "DERIVE"
    GAUGE = "GAUGE"


@dataclass(frozen=True)
class Metric:
    """One row; ``name`` is also the attribute of ``Sample``."""

    name: str
    kind: Kind
    collectd_type: str
    unit: str
    help: str

    def type_instance(self, consumer: str) -> str:
        """Return collectd's type instance, e.g. ``Archiver_backlog``."""
        return f"{escape_consumer(consumer)}_{self.name}"


METRICS: tuple[Metric, ...] = (
    Metric(
        "received",
        Kind.DERIVE,
        "derive",
        "messages",
        "Put on the daemon's local queue: from the bus or by replay at restart",
    ),
    Metric(
        "processed",
        Kind.DERIVE,
        "derive",
        "messages",
        "Handling ended, well or with an exception; never mere pick-up",
    ),
    Metric(
        "failed",
        Kind.DERIVE,
        "derive",
        "messages",
        "The part of processed that ended with an exception",
    ),
    Metric(
        "rejected",
        Kind.DERIVE,
        "derive",
        "messages",
        "Refused before the queue (failed validation); never in received",
    ),
    Metric(
        "backlog",
        Kind.GAUGE,
        "queue_length",
        "messages",
        "received - processed: waiting and in progress",
    ),
    Metric("in_progress", Kind.GAUGE, "queue_length", "messages", "Picked up, not ended"),
    Metric(
        "busy",
        Kind.DERIVE,
        "derive",
        "microseconds",
        "Worker time spent handling, the elapsed part of what still runs included",
    ),
    Metric(
        "oldest",
        Kind.GAUGE,
        "duration",
        "seconds",
        "Age of the oldest message still in the backlog, by the monotonic clock",
    ),
    Metric(
        "delay",
        Kind.GAUGE,
        "duration",
        "seconds",
        "Receive time minus the message's own timestamp, never below 0; mean of the interval",
    ),
    Metric("workers", Kind.GAUGE, "count", "threads", "Worker threads of this consumer"),
    Metric(
        "service_p50",
        Kind.GAUGE,
        "duration",
        "seconds",
        "Median service time of the interval, running messages included",
    ),
    Metric("service_p95", Kind.GAUGE, "duration", "seconds", "95th percentile of the service time"),
    Metric("service_p99", Kind.GAUGE, "duration", "seconds", "99th percentile of the service time"),
    Metric(
        "service_max",
        Kind.GAUGE,
        "duration",
        "seconds",
        "Longest service time; a hung message counts with its elapsed time",
    ),
)

#: What a hub cannot know and a broker, or a service on one, says besides.
BROKER_METRICS: tuple[Metric, ...] = (
    Metric(
        "redelivered",
        Kind.DERIVE,
        "derive",
        "messages",
        "Delivered by the broker again: requeued, or its consumer was lost",
    ),
    Metric(
        "vanished",
        Kind.DERIVE,
        "derive",
        "messages",
        "Left the queue unprocessed: expired, dropped, purged, rejected; a lower bound",
    ),
    Metric(
        "consuming",
        Kind.GAUGE,
        "count",
        "services",
        "Services that say they consume now; 0: paused, or without their broker",
    ),
)

BY_NAME = {metric.name: metric for metric in (*METRICS, *BROKER_METRICS)}
TOPIC_TYPE = "derive"


@dataclass(frozen=True)
class TopicMetric:
    """A total that is also kept by topic; ``field`` is the mapping in ``Sample``."""

    name: str
    field: str
    mark: str
    unit: str
    help: str

    def type_instance(self, consumer: str, topic: str) -> str:
        """Return collectd's type instance, e.g. ``Archiver_topic-org.fedoraproject…``."""
        return f"{escape_consumer(consumer)}{self.mark}{escape(topic)}"


#: Marks are of 7 bytes: with two names of ``names.LIMIT`` an instance is at most 127.
TOPIC_METRICS: tuple[TopicMetric, ...] = (
    TopicMetric(
        "received",
        "topics",
        "_topic-",
        "messages",
        "Received, by topic: the 20 that weigh most, and other",
    ),
    TopicMetric("topic_processed", "topic_processed", "_tdone-", "messages", "Processed, by topic"),
    TopicMetric(
        "topic_busy",
        "topic_busy",
        "_tbusy-",
        "microseconds",
        "Worker time spent handling, by topic",
    ),
)


def escape_consumer(name: str) -> str:
    """Return a consumer's name for a type instance; ``-`` is only ever the topic mark's."""
    return escape(name, also="-")


@dataclass(frozen=True)
class Identity:
    """What one stored series is: a metric of a consumer, or of one topic of it."""

    consumer: str
    metric: str
    topic: str | None = None


def parse_instance(collectd_type: str, type_instance: str) -> Identity | None:
    """Return what a collectd type and type instance name, or None when they are not ours.

    Fedora's series of 2014 (``gauge-<Consumer>_in``, ``_out``) come back as the metrics
    ``in`` and ``out``: messages per poll, history of the same daemon.
    """
    if collectd_type == TOPIC_TYPE:
        # Only a mark brings in a "-": the first one tells which, whatever the topic holds.
        head, _, topic = type_instance.partition("-")
        for by_topic in TOPIC_METRICS:
            consumer = head.removesuffix(by_topic.mark[:-1])
            if consumer != head and consumer and topic:
                return Identity(unescape(consumer), by_topic.name, unescape(topic))
    if collectd_type == "gauge":
        consumer, _, name = type_instance.rpartition("_")
        return Identity(unescape(consumer), name) if consumer and name in ("in", "out") else None
    for metric in BY_NAME.values():
        ending = f"_{metric.name}"
        if metric.collectd_type == collectd_type and type_instance.endswith(ending):
            consumer = type_instance[: -len(ending)]
            return Identity(unescape(consumer), metric.name) if consumer else None
    return None
