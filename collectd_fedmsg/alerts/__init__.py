"""When to send an alert: rules, their evaluation, and the outputs that deliver it."""
