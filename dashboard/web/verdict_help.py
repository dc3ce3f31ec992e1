"""What each verdict means and what to do next: the texts of the help page."""

from __future__ import annotations

from collectd_fedmsg.diagnosis import Verdict

#: An explanation; what to do, in this order. ``Verdict`` itself has the short form.
EXPLAINED: dict[Verdict, tuple[str, tuple[str, ...]]] = {
    Verdict.OK: (
        "The backlog is within the random variation that is usual at this hour of the week.",
        (),
    ),
    Verdict.IDLE: ("Nothing waits, and the same hour of past weeks was as quiet.", ()),
    Verdict.RECOVERING: (
        "Significantly more messages are handled than arrive. The time until the backlog is gone "
        "is given with its bounds: the longer it drains, the narrower they are.",
        (
            "Wait for the time given.",
            "If the backlog does not shrink as predicted, look for the cause again.",
        ),
    ),
    Verdict.RESTART: (
        "The totals were reset within the last ten minutes. Messages that waited in memory at that "
        "moment count as lost; a daemon that fetches old messages again may have received them.",
        ("Find in the daemon's log why it ended.", "Check that replay fetched the lost messages."),
    ),
    Verdict.REPLAY: (
        "More arrives than usual, and it began with a restart: the daemon catches up on what it "
        "missed while it was away.",
        ("Wait.", "If it lasts longer than the daemon was away, treat it as a surge."),
    ),
    Verdict.CREEP: (
        "The share of time that workers are busy has risen for days beyond its daily ups and "
        "downs. Backlog is still 0; the date says when the busiest hour will be full.",
        (
            "Find what grows: arrivals, or the time per message (the panels show it).",
            "Add workers or make processing faster before the date.",
        ),
    ),
    Verdict.ERRORS: (
        "A larger share of messages than usual ends with an exception. Failing is fast, so the "
        "backlog stays small.",
        (
            "The exceptions that increased are named by class, function and line; where none is, "
            "read the daemon's log.",
            "If several daemons fail together, look at what they share.",
        ),
    ),
    Verdict.SURGE: (
        "The growth of the backlog is explained by excess arrivals; processing is as fast as ever. "
        "The topic with most of the excess is named where topics are stored.",
        (
            "See the incident line: does the whole bus see it?",
            "Find the sender of the topic (a mass rebuild, a script in a loop).",
            "If it will last, add workers; else wait.",
        ),
    ),
    Verdict.MIX: (
        "Each topic is handled as fast as ever; the topic whose share grew is named.",
        ("Find the sender of the topic named.", "Do not look for a slow database: there is none."),
    ),
    Verdict.RETRIES: (
        "About as many messages fail as arrive beyond the usual: what failed comes back.",
        (
            "Fix the cause of the failures: the exceptions are named by class, function and line.",
            "Pause the retries if the backlog must stop growing.",
        ),
    ),
    Verdict.SLOW: (
        "The growth of the backlog is explained by slow processing: each message takes longer "
        "than usual at this hour, or fewer are ended while as many wait.",
        (
            "See where the added time goes: a library that waits, a lock, or the code itself.",
            "See the incident line: do the daemons that share the database, or all on the host, "
            "slow down together?",
            "Look at the database: locks, disk, long queries.",
            "Then at the host: load, disk, swap; then at remote services.",
        ),
    ),
    Verdict.BOTH: (
        "The bar says how much of the growth is due to which.",
        (
            "Take the larger part of the bar first.",
            "A surge may itself have made the database slow: see which began first.",
        ),
    ),
    Verdict.WORKERS_LOST: (
        "One message stays in progress and its age grows while others end, or there are fewer "
        "worker threads than usual.",
        (
            "See where the hanging message is; without a stack, take one (py-spy dump) first.",
            "Restart it: a hung worker does not recover.",
            "Give the call that hung a time limit.",
        ),
    ),
    Verdict.SATURATED: (
        "No change against the usual explains the backlog: this load is permanent.",
        (
            "Add workers (moksha.workers_per_consumer), or make processing faster.",
            "Waiting does not help.",
        ),
    ),
    Verdict.STARVED: (
        "No message has arrived for a time whose probability is one in a million; at this hour of "
        "past weeks messages arrived.",
        (
            "See the incident line: does nothing arrive anywhere?",
            "Check the daemon's endpoints and topics, the relay before it, and the network.",
        ),
    ),
    Verdict.STALLED: (
        "Messages wait, and none has ended for longer than the usual service time explains.",
        (
            "See where the hanging message is (or py-spy dump), then restart the daemon.",
            "Look for a lock in the database or a connection that hangs.",
        ),
    ),
    Verdict.TELEMETRY_LOST: (
        "Numbers that do not change at all although messages wait are stale: even in a stuck "
        "daemon the age of the oldest message grows.",
        (
            "Run collectd-fedmsg doctor on that host.",
            "Check the socket's folder, its permissions, and collectd's log.",
        ),
    ),
    Verdict.NO_CONSUMER: (
        "The broker holds messages for this consumer and nobody is connected to take them.",
        (
            "Start the service; read why it ended.",
            "If it runs, check its credentials and the queue's name in its settings.",
        ),
    ),
    Verdict.POISON: (
        "More deliveries are repeated than messages acknowledged: a message that cannot be "
        "handled is put back and comes again.",
        (
            "Read the exception in the service's log.",
            "Take the message out of the queue, or let the service reject it without requeue.",
        ),
    ),
    Verdict.PAUSED: (
        "The daemon was paused on purpose; nothing else is judged meanwhile.",
        ("Resume it when the work is done.",),
    ),
    Verdict.DOWN: (
        "The process or its socket was looked for and does not exist.",
        ("Start the daemon.", "Read why it ended: its log, the kernel's out-of-memory killer."),
    ),
    Verdict.UNKNOWN: (
        "There is not enough to judge: no samples, too few, blocking mode, or a backlog too young "
        "to explain. It is never a sign of health.",
        (
            "Provide the evidence that is named as missing.",
            "Look at collectd first if many are unknown.",
        ),
    ),
}


def explained(verdict: Verdict) -> tuple[str, tuple[str, ...]]:
    """Return a verdict's explanation and what to do; without an entry its own short form."""
    return EXPLAINED.get(verdict) or (verdict.meaning, (verdict.action,))
