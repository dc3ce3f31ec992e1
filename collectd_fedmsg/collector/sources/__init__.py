"""Sources of daemons that cannot load the hub plugin, mapped to the same metrics."""
