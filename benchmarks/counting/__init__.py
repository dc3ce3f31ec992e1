"""``python -m benchmarks.counting``: what the accounting costs a daemon."""
