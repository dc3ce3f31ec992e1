"""Daemons that cannot load the hub plugin, read in their own ways into the same metrics."""
