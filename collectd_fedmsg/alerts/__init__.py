"""When to call somebody: the rules file and the state of one rule on one consumer; pure.

No service runs it yet: docs/alerting.rst says what works today.
"""
