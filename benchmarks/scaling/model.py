"""What a number of consumers costs, from the measured cost of one value; measures nothing.

``python -m benchmarks.scaling.model`` prints the table of docs/scaling.rst. The constants are those
of one 2-core machine; put your own there.
"""

from __future__ import annotations

from dataclasses import dataclass

from collectd_fedmsg.metrics import METRICS, TOPIC_METRICS

#: Topics of a consumer that are reported by name, and ``other``.
TOPICS = 21
#: CPU seconds a value in collectd, reading, dispatch and handing to rrdcached included.
COLLECTD_VALUE = 1.4 / 84_000
#: CPU seconds of rrdcached: a value taken, and a file written.
RRDCACHED_VALUE, RRDCACHED_WRITE = 13e-6, 21e-6
#: Resident MB: of the process, and of a consumer (the page: 0.08, and 0.05 of what is usual).
COLLECTD_MB, DASHBOARD_MB = (37.0, 0.036), (50.0, 0.13)
#: Bytes of a file with collectd's own archives and an interval of 10 s.
FILE = 128_488


@dataclass(frozen=True)
class Cost:
    """Of all consumers together; CPU in seconds a minute."""

    series: int
    values_a_second: float
    collectd_cpu: float
    collectd_mb: float
    writes_a_second: float
    unbatched_writes_a_second: float
    rrdcached_cpu: float
    disk_gb: float
    dashboard_mb: float


def series_of_one(topics: bool) -> int:
    """Return how many series, and so files, a consumer has at most."""
    return len(METRICS) + (TOPICS * len(TOPIC_METRICS) if topics else 0)


def cost(
    consumers: int,
    topics: bool = False,
    interval: float = 10,
    wait: float = 300,
    delay: float = 300,
) -> Cost:
    """Return what a number of consumers costs.

    Args:
        consumers: all that one collectd, one rrdcached and one dashboard see.
        topics: whether each has its 20 topics and ``other``.
        interval: seconds between samples.
        wait, delay: rrdcached's ``-w`` and ``-z``, seconds. A file is due ``wait`` and up to
            ``delay`` after it was last written, and goes with the next value (rrdcached(1)).
    """
    series = consumers * series_of_one(topics)
    values = series / interval
    writes = min(values, series / (wait + delay / 2 + interval / 2))
    return Cost(
        series,
        values,
        values * COLLECTD_VALUE * 60,
        COLLECTD_MB[0] + COLLECTD_MB[1] * consumers,
        writes,
        values,
        60 * (values * RRDCACHED_VALUE + writes * RRDCACHED_WRITE),
        series * FILE / 1e9,
        DASHBOARD_MB[0] + DASHBOARD_MB[1] * consumers,
    )


def table() -> list[str]:
    """Return the lines of the document's table."""
    lines = []
    for topics in (False, True):
        for consumers in (10, 100, 1_000, 10_000):
            costs = cost(consumers, topics)
            cells = (
                f"{consumers:,}{', by topic' if topics else ''}",
                f"{costs.series:,}",
                f"{costs.collectd_cpu:,.1f}",
                f"{costs.unbatched_writes_a_second:,.0f}",
                f"{costs.writes_a_second:,.1f}",
                f"{costs.rrdcached_cpu:,.1f}",
                f"{costs.disk_gb:,.2f}",
            )
            lines += [
                f"   {'  -' if number else '* -'} {cell}" for number, cell in enumerate(cells)
            ]
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
