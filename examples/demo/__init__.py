"""A small Fedora on one machine: ``make demo``."""

#: What the demo's webhooks are signed with.
SECRET = b"demo"
