"""Queue health of message-bus consumer daemons: count, carry to collectd, judge."""

__version__ = "0.1.0"
