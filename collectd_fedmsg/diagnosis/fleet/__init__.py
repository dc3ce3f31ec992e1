"""Which daemons are in trouble together, and what they have in common."""
