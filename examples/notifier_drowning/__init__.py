"""A notifications back-end that asks its database too much; its rewrite; a restart too early."""
