"""Stores: where the series come from. ``base`` says what a store is; one module per kind."""
