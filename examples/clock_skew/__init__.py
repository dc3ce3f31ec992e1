"""Senders whose clocks are wrong: delays stop at 0, and nothing is in the future."""
