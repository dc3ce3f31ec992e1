"""What runs inside a daemon: counting, the ring of samples, and the answers to readers."""
