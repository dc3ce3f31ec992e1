"""A webhook receiver that republishes onto the bus: a storm of hooks, and forged ones."""
