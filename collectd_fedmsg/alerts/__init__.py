"""When to call somebody: rules, their evaluation, and the outputs that are told."""
