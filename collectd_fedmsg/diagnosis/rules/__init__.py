"""The rules of the diagnosis; pure."""
