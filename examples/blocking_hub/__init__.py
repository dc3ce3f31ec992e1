"""A hub in blocking mode with a slow database: its backlog cannot be seen, its delay can."""
