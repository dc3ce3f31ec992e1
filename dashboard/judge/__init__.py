"""The judgement of each daemon, from the store."""
