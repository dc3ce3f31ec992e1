"""Ask daemons for their samples: used by collectd and by the commands."""
