"""Ten thousand build messages in a burst, through every daemon."""
