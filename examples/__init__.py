"""The chain on real parts, the demo and the load generator."""
