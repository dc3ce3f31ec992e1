"""What a daemon and its readers say to each other."""
