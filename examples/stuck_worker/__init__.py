"""A consumer that hangs on a dead remote: some of its workers, then all of them."""
