"""What is tested on a real broker: all of it on one, for its start takes five seconds."""
