"""How daemons are asked for their samples: by collectd and by the commands."""
