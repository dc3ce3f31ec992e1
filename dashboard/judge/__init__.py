"""What is said of each daemon, from the store."""
