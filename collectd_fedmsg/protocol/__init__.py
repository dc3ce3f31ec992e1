"""The protocol between a daemon and its readers: records, frames, names of sockets."""
