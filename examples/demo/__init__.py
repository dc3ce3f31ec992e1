"""A small Fedora: relay, archiver, notifier, badges and a webhook bridge."""
