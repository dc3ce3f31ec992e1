"""An archive of all messages in PostgreSQL: the daemon that fills it, and those that ask it."""
