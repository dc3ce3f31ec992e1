"""A notice in words: what, since when, how bad, why, what next. Times in UTC."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from ..humanize import duration, messages, waits
from ..names import visible
from .records import Alert, Notice

#: Seconds shown before an alert begins, for comparison.
BEFORE_SECONDS = 900
#: Alerts described in full; the rest is counted.
MAX_IN_FULL = 10
#: collectd cuts a notification at 256 bytes with its NUL.
MAX_SHORT = 255
KINDS = {"raised": "new", "worse": "worse", "cleared": "over", "reminder": "still"}


def clock(at: float) -> str:
    """Return epoch seconds as UTC to the minute."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def what(alert: Alert) -> str:  # noqa: PLR0911 - one for each kind
    """Return what is wrong, with its figure and limit."""
    value, limit = alert.value, alert.limit
    if alert.kind == "backlog":
        return f"{waits(value)} (limit {limit:,.0f})"
    if alert.kind == "oldest":
        return f"the oldest message waits for {duration(value)} (limit {duration(limit)})"
    if alert.kind == "lost":
        return f"{messages(value)} lost at a restart"
    if alert.kind == "saturation":
        return f"the workers are full in {duration(value)} (limit {duration(limit)})"
    if alert.kind == "verdict":
        return f"the diagnosis is {alert.cause}"
    if value < 0:
        return f"its newest sample is {duration(-value)} ahead of the clock"
    return f"silent for {duration(value)} (limit {duration(limit)})"


def peak(alert: Alert) -> str:
    """Return the worst value as text; empty for kinds without a value."""
    if alert.kind == "backlog":
        return f"peak {messages(alert.peak)}"
    if alert.kind in ("oldest", "daemon_silent", "collectd_silent"):
        return f"peak {duration(alert.peak)}" if alert.peak >= 0 else ""
    return ""


def path(alert: Alert, now: float) -> str:
    """Return the dashboard's page of the alert's time, below its address."""
    end = int(alert.cleared + BEFORE_SECONDS if alert.cleared is not None else now)
    span = f"start={int(alert.since) - BEFORE_SECONDS}&end={min(end, int(now) + 1)}"
    if not alert.subject.service:
        host = quote(alert.subject.host, safe="", errors="surrogatepass")
        return f"/?host={host}&{span}"
    return f"/daemon/{quote(alert.subject.id)}?{span}"


def link(alert: Alert, dashboard: str, now: float) -> str:
    """Return the address of the page that shows the alert's time; empty without a dashboard."""
    return dashboard + path(alert, now) if dashboard else ""


def one_line(alert: Alert) -> str:
    """Return an alert as one sentence in one line, whatever its names contain."""
    if alert.cleared is None:
        return visible(f"{alert.subject.words}: {what(alert)}")
    text = f"{alert.subject.words}: over after {duration(alert.cleared - alert.since)}"
    return visible(f"{text} ({alert.note})" if alert.note else text)


def headline(notice: Notice) -> str:
    """Return a mail's subject: severity, state, the worst of it and how many more."""
    alerts = notice.alerts or notice.over
    word = "OK" if not notice.alerts else notice.severity.upper()
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    cause = f"{visible(alerts[0].cause)}: " if alerts[0].cause.isupper() else ""
    subject = f"[{word}] {KINDS[notice.kind]}: {cause}{one_line(alerts[0])}{more}"
    return " ".join(subject.split())


def body(notice: Notice, dashboard: str) -> str:
    """Return a mail's text."""
    parts = [_section(alert, dashboard, notice) for alert in notice.alerts[:MAX_IN_FULL]]
    if len(notice.alerts) > MAX_IN_FULL:
        rest = notice.alerts[MAX_IN_FULL:]
        parts.append(f"And {len(rest)} more: " + "; ".join(one_line(alert) for alert in rest[:50]))
    if notice.over:
        parts += ["Over:", *(_over(alert, dashboard, notice.at) for alert in notice.over[:50])]
    if notice.alerts and notice.kind == "cleared":
        parts.append(f"Still open in this group: {len(notice.alerts)}.")
    return "\n\n".join(parts) + f"\n\nNotice {notice.id} of {clock(notice.at)}.\n"


def _section(alert: Alert, dashboard: str, notice: Notice) -> str:
    state = "new" if alert.id in notice.fresh and notice.kind == "raised" else KINDS[notice.kind]
    held = duration(notice.at - alert.since)
    lines = [
        f"What:    {one_line(alert)} [{alert.severity}, {state}]",
        f"Since:   {clock(alert.since)} ({held})",
        "How bad: "
        + ", ".join(
            x for x in (peak(alert), f"{alert.affected:,.0f} messages affected so far") if x
        ),
    ]
    if alert.flapping:
        lines.append(f"         flapping: raised {alert.flapping} times, one alert until calm")
    if alert.ack:
        lines.append(
            visible(f"         acknowledged by {alert.ack.by}: {alert.ack.comment or '-'}")
        )
    for number, sentence in enumerate(alert.why or ("no diagnosis yet",)):
        lines.append(("Why:     " if not number else "         ") + visible(sentence))
    address = link(alert, dashboard, notice.at)
    lines.append(f"Next:    {alert.action or 'Look at the page.'}")
    return "\n".join([*lines, f"         {address}"] if address else lines)


def _over(alert: Alert, dashboard: str, now: float) -> str:
    figures = ", ".join(
        x
        for x in (
            f"since {clock(alert.since)}",
            peak(alert),
            f"{alert.affected:,.0f} messages affected",
        )
        if x
    )
    return "\n".join(
        x
        for x in (
            one_line(alert),
            f"  {figures}",
            f"  {link(alert, dashboard, now)}" if dashboard else "",
        )
        if x
    )


def short(alert: Alert, dashboard: str, now: float) -> str:
    """Return an alert within collectd's 255 bytes, with the link if it fits whole."""
    begun = f"since {clock(alert.since)}"
    figures = ", ".join(x for x in (peak(alert), f"{alert.affected:,.0f} messages affected") if x)
    text = one_line(alert) + (f", {begun}" if alert.cleared is None else f"; {figures}")
    if alert.cleared is None and alert.why:
        text += f". {visible(alert.why[0])}"
    text = " ".join(text.split())
    address = link(alert, dashboard, now)
    both = f"{text} {address}"
    if address and len(both.encode()) <= MAX_SHORT:
        return both
    return text.encode()[:MAX_SHORT].decode("utf-8", "ignore")


def payload(notice: Notice, dashboard: str) -> dict[str, Any]:
    """Return what outputs send, as JSON types; receivers recognise a repeat by ``id``."""

    def fields(alert: Alert) -> dict[str, Any]:
        return {
            **alert.to_json(),
            "what": one_line(alert),
            "short": short(alert, dashboard, notice.at),
            "link": link(alert, dashboard, notice.at),
        }

    return {
        "version": 1,
        "id": notice.id,
        "group": notice.group,
        "kind": notice.kind,
        "at": notice.at,
        "severity": notice.severity,
        "subject": headline(notice),
        "text": body(notice, dashboard),
        "alerts": [fields(alert) for alert in notice.alerts],
        "over": [fields(alert) for alert in notice.over],
        "fresh": list(notice.fresh),
    }
